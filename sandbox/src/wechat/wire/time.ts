import { formatBeijing } from "../../china/beijing.ts";

const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** "2026-11-20T09:30:00+08:00" */
export function formatRfc3339(instant: Date): string {
  return `${formatBeijing(instant).replace(" ", "T")}+08:00`;
}

/** The instant of an RFC 3339 text with its zone; undefined when it is not one. */
export function parseRfc3339(text: string): Date | undefined {
  if (!pattern.test(text)) return undefined;
  const instant = new Date(text);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}
