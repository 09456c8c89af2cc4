// The buyer has paid and goes back to the shop by posting UnionPay's signed form. Without scripts the button does it.

document.querySelector("form").submit();
