-- Some ways to pay are placed with the address of the buyer's device; a call that is repeated after a crash
-- needs it again.

alter table attempts add column buyer_ip text;
