// The page between the cashier and a channel that is reached by a form: sends the form, and says so when the
// browser is still here after a while.

import { JUMP_MS, sendBeacon } from "./beacon.ts";

const base = location.pathname.replace(/\/go$/, "");
const form = document.getElementById("go") as HTMLFormElement;
const attempt = Number(form.dataset.attempt);

let failed = false;
const fail = () => {
  if (failed) return;
  failed = true;
  sendBeacon(base, attempt, "redirect_failed");
};
document.addEventListener("securitypolicyviolation", fail);
const timer = setTimeout(fail, JUMP_MS);
addEventListener("pagehide", () => clearTimeout(timer));
// Coming back from the channel leads to the cashier, not to the channel again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.replace(base);
});
form.submit();
