/** Of reconciliations `r`: that no later generation of the same account and date has replaced it. */
export const IS_NEWEST = `not exists (
       select
       from reconciliations n
       where n.channel_account_id = r.channel_account_id
         and n.channel_date = r.channel_date
         and n.generation > r.generation
     )`;
