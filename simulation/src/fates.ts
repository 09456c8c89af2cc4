/** What may befall a transaction or a message of a simulated world. */

/** What may become of a transaction. */
export type TransactionFate =
  | "fine"
  /** The process dies before it begins. */
  | "crash_before"
  /** No connection to be had. */
  | "refused"
  /** The connection breaks at one of its statements. */
  | "lost_within"
  /** COMMIT is sent; the connection breaks before it is carried out. */
  | "lost_before_commit"
  /** COMMIT is carried out; its answer is lost. */
  | "lost_after_commit"
  /** COMMIT is carried out; the process dies before it learns of it. */
  | "crash_after_commit";

/** What may become of a message. */
export type MessageFate =
  | "fine"
  /** Nothing of it leaves. */
  | "not_sent"
  /** It leaves and never arrives. */
  | "lost"
  /** It arrives; its answer is lost, and the connection seen to break. */
  | "answer_lost"
  /** It arrives; its answer never comes. */
  | "answer_awaited"
  /** It arrives; the sender dies before the answer. */
  | "crash_after_send"
  /** It arrives; the sender stands still before it hears the answer, longer than its lease. */
  | "stands_still";

/** Fates that need to know what the transaction is for. */
export type KnownTransactionFate = Exclude<TransactionFate, "fine" | "refused" | "lost_within">;

/** What these are called where they strike. */
export const TRANSACTION_FATES: Readonly<Record<KnownTransactionFate, string>> = {
  crash_before: "crash before",
  crash_after_commit: "crash after",
  lost_before_commit: "COMMIT lost of",
  lost_after_commit: "COMMIT's answer lost of",
};

/** What these are called where they strike. */
export const MESSAGE_FATES: Readonly<Record<Exclude<MessageFate, "fine">, string>> = {
  not_sent: "not sent:",
  lost: "lost:",
  answer_lost: "answer lost:",
  answer_awaited: "answer never comes:",
  crash_after_send: "crash after sending",
  stands_still: "stands still behind",
};
