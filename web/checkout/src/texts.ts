// Every word the page says, in its two languages. A merchant's own words are shown as they are.

const en = {
  htmlLang: "en",
  dir: "ltr",
  /** The other language, by its own name. */
  otherLanguage: "中文",
  loading: "Loading your payment…",
  amountDue: "Amount to pay",
  timeLeft: "Time left",
  payBefore: "Pay before",

  chooseTitle: "How would you like to pay?",
  otherWays: "Other ways to pay",
  openInApp: "This payment is open in the app you came from: you can go on there.",
  noWaysTitle: "There is no way to pay this here",
  noWays: "The shop offers no way to pay this amount at present. Please ask the shop.",
  openOutside: (wallet: string) =>
    `Inside ${wallet} only some ways to pay work. For the others tap “⋯” and open this page in your browser.`,
  preparing: "Preparing your payment…",
  preparingHint: "This takes a moment.",

  scanTitle: (wallet: string) => `Scan with ${wallet}`,
  scanTitleAny: "Scan to pay",
  scanHint: (wallet: string) => `Open ${wallet} on your phone, tap Scan, and point it at this code.`,
  scanHintAny: "Open your wallet on your phone, tap Scan, and point it at this code.",
  scanHintPhone: "Let another phone scan this code, or choose another way below.",
  scanAlt: "QR code of this payment",
  waiting: "Waiting for your payment",
  renewing: "Getting a new code…",
  renewTitle: "This code has run out",
  renewHint: "Codes are good for a while only. A new one replaces it; you are never charged twice.",
  renewButton: "Get a new code",

  continueTitle: (wallet: string) => `Continue in ${wallet}`,
  continueTitleAny: "Continue to pay",
  continueHint: "Pay there, then come back. This page updates by itself.",
  continueButton: (wallet: string) => `Open ${wallet}`,
  continueButtonAny: "Continue",
  leaving: (wallet: string) => `Taking you to ${wallet}…`,
  leavingAny: "Taking you to the payment page…",
  troubleLink: "It does not open?",
  trouble: "If nothing opens, check that the app is installed and try again, or choose another way below.",
  troubleOnly: "If nothing opens, check that the app is installed and try again.",

  confirmingTitle: "Your payment is being confirmed",
  confirmingHint:
    "We are asking your wallet what happened. Please do not pay again; this page updates by itself.",

  paidTitle: "Paid",
  paidHint: (merchant: string) => `Your payment to ${merchant} went through. You can close this page.`,
  returning: (seconds: number) => `Returning to the shop in ${seconds} s`,
  stay: "Stay here",

  expiredTitle: "The time to pay is over",
  expiredHint: "If you have just paid, wait a moment. Otherwise go back to the shop and order again.",
  closedTitle: "This payment was closed",
  closedHint: "Nothing more can be paid here. Ask the shop if you think this is a mistake.",
  closedByMerchant: "The shop withdrew this payment. Nothing more can be paid here.",
  failedTitle: "This payment could not be made",
  failedHint: "Please go back to the shop and choose another way to pay.",
  unknownTitle: "There is no such payment",
  unknownHint: "The link may be incomplete or out of date. Open it again from the shop.",

  backToShop: (merchant: string) => `Back to ${merchant}`,

  reconnecting: "No connection. Reconnecting…",
  offline: "You are offline. This page continues when you are back.",
  tryAgain: "That did not work. Please try again.",
  problems: {
    payment_confirming: "An earlier attempt is still being confirmed. Please wait; do not pay twice.",
    payment_closing: "The earlier way of paying is being closed. Please try again in a moment.",
    abandon_not_allowed:
      "The earlier way of paying is still open. Please finish there, or wait until its time is over.",
    method_not_available: "This way of paying is not available right now. Please choose another one.",
    no_account_available: "This way of paying is not available right now. Please choose another one.",
    amount_out_of_range: "This way of paying does not take this amount. Please choose another one.",
    order_refused: "The wallet did not take this order. Please choose another way to pay.",
  } as Readonly<Record<string, string>>,

  methods: {
    "alipay.qr": { label: "Alipay, by code", hint: "Scan a code with your phone" },
    "alipay.page": { label: "Alipay, on this computer", hint: "Log in to Alipay in this browser" },
    "alipay.wap": { label: "Alipay", hint: "Opens the Alipay app on this phone" },
    "wechat.native": { label: "WeChat Pay, by code", hint: "Scan a code with your phone" },
    "wechat.h5": { label: "WeChat Pay", hint: "Opens WeChat on this phone" },
    "unionpay.page": { label: "UnionPay card", hint: "Card number or quick pass on UnionPay's page" },
    "unionpay.qr": { label: "UnionPay, by code", hint: "Scan a code with UnionPay or your bank's app" },
    "unionpay.code": { label: "UnionPay payment code", hint: "Show the code in UnionPay or your bank's app" },
    card: { label: "Card", hint: "Visa, Mastercard and others, on a secure page" },
  } as Readonly<Record<string, { label: string; hint: string }>>,
  phoneHints: {
    "alipay.qr": "Shows a code for another phone",
    "wechat.native": "Shows a code for another phone",
    "unionpay.qr": "Shows a code for another phone",
  } as Readonly<Record<string, string>>,
  wallets: { alipay: "Alipay", wechat: "WeChat", unionpay: "UnionPay" } as Readonly<Record<string, string>>,
  powered: "Payment page by Tributary",
};

export type Texts = typeof en;

const zh: Texts = {
  htmlLang: "zh-CN",
  dir: "ltr",
  otherLanguage: "English",
  loading: "正在加载订单…",
  amountDue: "应付金额",
  timeLeft: "剩余时间",
  payBefore: "付款截止",

  chooseTitle: "请选择支付方式",
  otherWays: "其他支付方式",
  openInApp: "订单已在您来时的应用中打开，可回到该应用付款。",
  noWaysTitle: "暂无可用的支付方式",
  noWays: "商家目前没有可用于此金额的支付方式，请联系商家。",
  openOutside: (wallet) => `在${wallet}内只能使用部分支付方式。如需其他方式，请点击“⋯”，选择在浏览器中打开。`,
  preparing: "正在准备支付…",
  preparingHint: "请稍候。",

  scanTitle: (wallet) => `请用${wallet}扫码`,
  scanTitleAny: "扫码支付",
  scanHint: (wallet) => `打开手机${wallet}，点击“扫一扫”，对准下方二维码。`,
  scanHintAny: "打开手机钱包，点击“扫一扫”，对准下方二维码。",
  scanHintPhone: "请用另一部手机扫描此二维码，或选择下方其他方式。",
  scanAlt: "本次付款的二维码",
  waiting: "等待付款",
  renewing: "正在获取新的二维码…",
  renewTitle: "二维码已失效",
  renewHint: "二维码的有效时间有限，刷新后旧码即作废，不会重复扣款。",
  renewButton: "刷新二维码",

  continueTitle: (wallet) => `请在${wallet}中继续`,
  continueTitleAny: "继续支付",
  continueHint: "付款后请返回本页，页面会自动更新。",
  continueButton: (wallet) => `打开${wallet}`,
  continueButtonAny: "继续",
  leaving: (wallet) => `正在前往${wallet}…`,
  leavingAny: "正在前往支付页面…",
  troubleLink: "无法打开？",
  trouble: "如未能打开，请确认已安装该应用后重试，或选择下方其他支付方式。",
  troubleOnly: "如未能打开，请确认已安装该应用后重试。",

  confirmingTitle: "正在确认付款结果",
  confirmingHint: "我们正在向支付渠道查询结果，请勿重复付款，页面会自动更新。",

  paidTitle: "支付成功",
  paidHint: (merchant) => `您向${merchant}的付款已完成，可以关闭此页面。`,
  returning: (seconds) => `${seconds} 秒后返回商家`,
  stay: "留在此页",

  expiredTitle: "订单已超时",
  expiredHint: "如您刚刚完成付款，请稍候；否则请返回商家重新下单。",
  closedTitle: "订单已关闭",
  closedHint: "本订单已不能付款，如有疑问请联系商家。",
  closedByMerchant: "商家已取消本订单，不能再付款。",
  failedTitle: "付款未成功",
  failedHint: "请返回商家，选择其他支付方式。",
  unknownTitle: "找不到这笔付款",
  unknownHint: "链接可能不完整或已失效，请从商家处重新打开。",

  backToShop: (merchant) => `返回${merchant}`,

  reconnecting: "网络连接中断，正在重新连接…",
  offline: "当前没有网络，恢复后本页会自动继续。",
  tryAgain: "操作没有成功，请重试。",
  problems: {
    payment_confirming: "上一次付款仍在确认中，请稍候，不要重复付款。",
    payment_closing: "正在关闭上一次的付款方式，请稍后再试。",
    abandon_not_allowed: "上一次的付款方式仍可付款，请在那里完成，或等待其过期。",
    method_not_available: "该支付方式暂不可用，请换一种方式。",
    no_account_available: "该支付方式暂不可用，请换一种方式。",
    amount_out_of_range: "该支付方式不支持此金额，请换一种方式。",
    order_refused: "钱包未接受此订单，请换一种方式。",
  },

  methods: {
    "alipay.qr": { label: "支付宝扫码", hint: "用手机扫描二维码付款" },
    "alipay.page": { label: "支付宝网页支付", hint: "在此浏览器登录支付宝付款" },
    "alipay.wap": { label: "支付宝", hint: "打开手机上的支付宝付款" },
    "wechat.native": { label: "微信扫码", hint: "用手机扫描二维码付款" },
    "wechat.h5": { label: "微信支付", hint: "打开手机上的微信付款" },
    "unionpay.page": { label: "银联在线支付", hint: "在银联页面使用银行卡付款" },
    "unionpay.qr": { label: "银联扫码", hint: "用云闪付或银行 App 扫描二维码付款" },
    "unionpay.code": { label: "银联付款码", hint: "出示云闪付或银行 App 中的付款码" },
    card: { label: "银行卡", hint: "Visa、万事达等国际卡，在安全页面付款" },
  },
  phoneHints: {
    "alipay.qr": "显示二维码，供另一部手机扫描",
    "wechat.native": "显示二维码，供另一部手机扫描",
    "unionpay.qr": "显示二维码，供另一部手机扫描",
  },
  wallets: { alipay: "支付宝", wechat: "微信", unionpay: "云闪付" },
  powered: "支付页面由 Tributary 提供",
};

/** The other one of the page's two languages, as people of nowhere in particular write it. */
export function otherTongue({ texts }: Tongue): Tongue {
  return texts === en ? { texts: zh, locale: "zh-CN" } : { texts: en, locale: "en" };
}

/** The page's words, and the locale that writes its money and dates. */
export interface Tongue {
  readonly texts: Texts;
  readonly locale: string;
}

/**
 * The first language of the browser's that the page speaks, with its region; English where it speaks none.
 */
export function tongueFor(languages: readonly string[]): Tongue {
  for (const language of languages) {
    const primary = language.toLowerCase().split(/[^a-z]/)[0];
    if (primary === "zh") return { texts: zh, locale: understood(language) ?? primary };
    if (primary === "en") return { texts: en, locale: understood(language) ?? primary };
  }
  return { texts: en, locale: "en" };
}

/** Some browsers hand on the system's own spelling (`en-US@posix`), which formatting would refuse. */
function understood(language: string): string | null {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? null;
  } catch {
    return null;
  }
}

/** The wallet that the buyer will use, by name: the chosen method's, or the only one there is. */
export function walletOf(chosen: string | null, offered: readonly string[], texts: Texts): string | null {
  const channels = (chosen === null ? offered : [chosen]).map((method) => method.split(".", 1)[0] ?? "");
  const [channel] = channels;
  if (channel === undefined || channels.some((other) => other !== channel)) return null;
  return texts.wallets[channel] ?? null;
}
