-- Until now a claim that was won was booked as if it brought back all of what was claimed and no fee.

update disputes
set returned_amount = amount
where state = 'won';
