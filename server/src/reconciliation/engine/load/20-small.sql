-- Every movement is a row.

create view fresh_kept as
select *
from fresh;
