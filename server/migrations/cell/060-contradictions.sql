-- What channels said against what was known, found without reading every exchange.

create index exchanges_contradictions on exchanges (id) where decision = 'contradiction';
