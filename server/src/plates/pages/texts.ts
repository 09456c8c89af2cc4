/**
 * Every word that a scan's pages say, in their two languages. A merchant's own words are shown as they are.
 */

const zh = {
  htmlLang: "zh-CN",
  unknownTitle: "没有这个码",
  unknownHint: "可能扫描不完整，或者码牌不是本平台的。请再扫一次，或询问店员。",
  blankTitle: "这个码牌还没有启用",
  blankHint: "它还没有绑定商家，现在不能收款。请询问店员。",
  openingTitle: "这个码牌正在开通",
  openingHint: "商家的收款号正在开通，完成后就能用它付款。请先用其他方式付款。",
  disabledTitle: "这个码牌已停用",
  disabledHint: "请不要向它付款。请询问店员，或用其他方式付款。",
  closedShopTitle: "暂时不能收款",
  closedShopHint: "这家店现在不能用这个码收款。请询问店员，或用其他方式付款。",

  payTo: (merchant: string) => `付款给 ${merchant}`,
  amountLabel: "付款金额",
  pay: "去付款",
  payHere: "在此浏览器付款",
  amountFaults: {
    empty: "请填写金额。",
    not_a_number: "请只填数字，例如 12.50。",
    too_many_decimals: "小数位太多了。",
    too_small: (least: string) => `金额太小，至少 ${least}。`,
    too_large: (most: string) => `金额太大，最多 ${most}。`,
  },
  otherAmountTitle: "这次扫码已经付过另一个金额",
  otherAmountHint: "同一次扫码只会生成一笔订单。要付别的金额，请重新开始。",
  staleTitle: "页面已过期",
  staleHint: "请重新扫码，或点下面的按钮重新开始。",
  again: "重新开始",
  refusedTitle: "现在付不了款",
  refusedHint: "还没有扣款。请稍后再试，或询问店员。",
  momentTitle: "请稍候",
  momentHint: "正在打开付款。",
  goOn: "继续",

  openIn: (wallets: string) => `请用${wallets}扫一扫付款`,
  openInHint: "打开 App，点“扫一扫”，对准这个码。",
  notIn: (app: string, wallets: string) => `${app}里付不了，请用${wallets}扫码`,
  noWallet: "这里没有可用的钱包",
  or: (names: readonly string[]) =>
    names.length < 2 ? names.join("") : `${names.slice(0, -1).join("、")}或${names.at(-1)}`,

  invokeTitle: "正在打开付款",
  invokeHint: (merchant: string) => `收款方：${merchant}`,
  invokeButton: "付款",
  invokeNoScript: "请允许此页运行脚本，或换一个钱包扫码。",
  confirmingTitle: "正在确认付款结果",
  confirmingHint: "正在向钱包查询，请不要重复付款。页面会自动更新。",
  paidTitle: "付款成功",
  paidHint: (merchant: string) => `已付给 ${merchant}，可以关闭此页。`,
  backToShop: "返回商家",
  expiredTitle: "付款时间已过",
  expiredHint: "如果刚刚付过款，请稍等片刻；否则请重新扫码。",
  closedTitle: "这笔付款已关闭",
  closedHint: "不能再付款了。如有疑问请询问店员。",
  failedTitle: "这笔付款没有成功",
  failedHint: "没有扣款。请用其他方式付款。",
  unknownPaymentTitle: "没有这笔付款",
  unknownPaymentHint: "链接可能不完整或已失效，请重新扫码。",
  unidentifiedTitle: "没能打开付款",
  unidentifiedHint: "钱包没有告诉我们由谁付款。还没有扣款，请再试一次。",
  tryAgain: "再试一次",
  notPaidYet: "还没有付款",
};

type Texts = typeof zh;

const en: Texts = {
  htmlLang: "en",
  unknownTitle: "There is no such code",
  unknownHint:
    "It may have been scanned only in part, or is not one of ours. Scan it again, or ask the staff.",
  blankTitle: "This plate is not in use yet",
  blankHint: "It is not bound to a shop, so nothing can be paid with it. Please ask the staff.",
  openingTitle: "This plate is being opened",
  openingHint: "The shop's payment numbers are being opened. Until then, please pay another way.",
  disabledTitle: "This plate is out of service",
  disabledHint: "Please do not pay with it. Ask the staff, or pay another way.",
  closedShopTitle: "No payments at the moment",
  closedShopHint:
    "This shop cannot take a payment with this code right now. Ask the staff, or pay another way.",

  payTo: (merchant) => `Pay ${merchant}`,
  amountLabel: "Amount to pay",
  pay: "Pay",
  payHere: "Pay in this browser",
  amountFaults: {
    empty: "Please enter the amount.",
    not_a_number: "Digits only, please: for example 12.50.",
    too_many_decimals: "These are too many decimals.",
    too_small: (least) => `The amount is too small: at least ${least}.`,
    too_large: (most) => `The amount is too large: at most ${most}.`,
  },
  otherAmountTitle: "This scan is for another amount",
  otherAmountHint: "One scan makes one order. To pay a different amount, start again.",
  staleTitle: "This page is out of date",
  staleHint: "Scan the code again, or start again here.",
  again: "Start again",
  refusedTitle: "This cannot be paid right now",
  refusedHint: "Nothing was charged. Try again in a moment, or ask the staff.",
  momentTitle: "One moment",
  momentHint: "Opening your payment.",
  goOn: "Continue",

  openIn: (wallets) => `Scan this code with ${wallets}`,
  openInHint: "Open one of these apps, tap Scan, and point it at the code.",
  notIn: (app, wallets) => `This cannot be paid inside ${app}; scan it with ${wallets}`,
  noWallet: "No wallet can pay here",
  or: (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`),

  invokeTitle: "Opening your payment",
  invokeHint: (merchant) => `To ${merchant}`,
  invokeButton: "Pay",
  invokeNoScript: "Please let this page run scripts, or scan with another wallet.",
  confirmingTitle: "Your payment is being confirmed",
  confirmingHint: "We are asking your wallet. Please do not pay again; this page updates by itself.",
  paidTitle: "Paid",
  paidHint: (merchant) => `Your payment to ${merchant} went through. You can close this page.`,
  backToShop: "Back to the shop",
  expiredTitle: "The time to pay is over",
  expiredHint: "If you have just paid, wait a moment. Otherwise scan the code again.",
  closedTitle: "This payment was closed",
  closedHint: "Nothing more can be paid here. Ask the staff if you think this is a mistake.",
  failedTitle: "This payment was not made",
  failedHint: "Nothing was charged. Please pay another way.",
  unknownPaymentTitle: "There is no such payment",
  unknownPaymentHint: "The link may be incomplete or out of date. Scan the code again.",
  unidentifiedTitle: "Your payment could not be opened",
  unidentifiedHint: "The wallet did not tell us who pays. Nothing was charged; please try again.",
  tryAgain: "Try again",
  notPaidYet: "Not paid yet",
};

export type Tongue = "zh" | "en";

export function textsIn(tongue: Tongue): Texts {
  return tongue === "zh" ? zh : en;
}

/**
 * The first language of `accept-language` that the pages speak. A browser that names none is a wallet's,
 * which are Chinese; one that names others reads English.
 */
export function tongueFor(acceptLanguage: string | undefined): Tongue {
  if (acceptLanguage === undefined || acceptLanguage.trim() === "") return "zh";
  for (const part of acceptLanguage.split(",")) {
    const language = part.trim().slice(0, 2).toLowerCase();
    if (language === "zh" || language === "en") return language;
  }
  return "en";
}
