-- An item of money that is still to be split waits until the splitting is finished.
alter table settlement_holds
  drop constraint settlement_holds_kind,
  add constraint settlement_holds_kind check (
    kind in ('break', 'dispute', 'risk', 'channel_reversal', 'sharing', 'operator')
  ) not valid;
alter table settlement_holds validate constraint settlement_holds_kind;
