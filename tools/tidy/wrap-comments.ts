import { lineLengthMax } from "./shape.ts";

/** A line that is nothing but a comment: its indent, its mark and its words. */
const commentLine = /^(?<indent>\s*)(?<mark>\*|\/\/|--) (?<words>\S.*)$/;
const docLine = /^(?<indent>\s*)\/\*\* (?<words>\S.*) \*\/$/;
/** A line that stands for itself: a list item, a table row, a tag, an example's fence. */
const ownLine = /^([-|@`]|\d+\. |```)/;

type Paragraph = { indent: string; mark: string; words: string[] };

/** The text with each comment paragraph that has a line past `max` filled anew; everything else as it is. */
export function wrapComments(text: string, max = lineLengthMax): string {
  const lines = text.split("\n").flatMap((line) => openDocLine(line, max));
  const out: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const first = lines[at] ?? "";
    const head = commentLine.exec(first)?.groups;
    if (head === undefined) {
      out.push(first);
      at++;
      continue;
    }
    const paragraph: Paragraph = { indent: head.indent ?? "", mark: head.mark ?? "", words: [] };
    const taken: string[] = [];
    for (; at < lines.length; at++) {
      const line = lines[at] ?? "";
      const next = commentLine.exec(line)?.groups;
      if (next?.indent !== paragraph.indent || next.mark !== paragraph.mark) break;
      if (taken.length > 0 && ownLine.test(next.words ?? "")) break;
      taken.push(line);
      paragraph.words.push(...(next.words ?? "").split(/\s+/));
    }
    out.push(...(taken.some((line) => line.length > max) ? fill(paragraph, max) : taken));
  }
  return out.join("\n");
}

/** A one-line doc comment that is too long becomes a block of lines. */
function openDocLine(line: string, max: number): string[] {
  const doc = line.length > max ? docLine.exec(line)?.groups : undefined;
  if (doc === undefined) return [line];
  return [`${doc.indent}/**`, `${doc.indent} * ${doc.words}`, `${doc.indent} */`];
}

function fill({ indent, mark, words }: Paragraph, max: number): string[] {
  const start = `${indent}${mark}`;
  // What goes on after a list item's mark is indented to its text.
  const hang = /^(-|\d+\.)$/.exec(words[0] ?? "")?.[0].replaceAll(/./g, " ") ?? "";
  const lines: string[] = [];
  let line = start;
  for (const word of words) {
    if (line !== start && line.length + 1 + word.length > max) {
      lines.push(line);
      line = hang === "" ? start : `${start} ${hang}`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
