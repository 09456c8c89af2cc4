-- An attempt's row is written anew when the channel has answered. The answer changes no indexed column, so
-- where its page keeps room the new version stays in the page and out of the four indexes.

alter table attempts set (fillfactor = 55);
