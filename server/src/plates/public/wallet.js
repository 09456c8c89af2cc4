// Hands an order to the wallet in whose browser this page is. What the wallet says of it is never believed: a yes
// only leads to the page that asks our server.

const order = document.querySelector("[data-bridge]");
const button = document.querySelector("[data-pay]");
const note = document.querySelector("[data-note]");

const bridges = {
  wechat: {
    name: "WeixinJSBridge",
    ready: "WeixinJSBridgeReady",
    pay: (bridge, params, end) =>
      bridge.invoke("getBrandWCPayRequest", params, (answer) =>
        end(answer.err_msg === "get_brand_wcpay_request:ok"),
      ),
  },
  alipay: {
    name: "AlipayJSBridge",
    ready: "AlipayJSBridgeReady",
    // 9000: paid; 8000 and 6004: not known yet.
    pay: (bridge, params, end) =>
      bridge.call("tradePay", params, (answer) =>
        end(["9000", "8000", "6004"].indexOf(String(answer.resultCode)) >= 0),
      ),
  },
};

function end(paid) {
  if (paid) {
    location.replace(order.getAttribute("data-done"));
    return;
  }
  note.hidden = false;
  button.disabled = false;
}

function pay() {
  const bridge = bridges[order.getAttribute("data-bridge")];
  const params = JSON.parse(order.getAttribute("data-params"));
  const call = () => bridge.pay(window[bridge.name], params, end);
  button.disabled = true;
  note.hidden = true;
  if (window[bridge.name]) call();
  else document.addEventListener(bridge.ready, call, { once: true });
}

if (order && button) {
  button.addEventListener("click", pay);
  pay();
}
