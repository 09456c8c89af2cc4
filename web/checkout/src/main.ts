import { Cashier } from "./cashier.ts";

new Cashier().open();
