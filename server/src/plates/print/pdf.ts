import { deflateSync } from "node:zlib";

// PDF 1.4 (ISO 32000-1), as much of it as a sheet of codes needs: pages, one of the fonts that every reader
// has, and one-bit masks. A library would bring a font engine, to set text that is ASCII in a font that is
// not embedded.

export const A4 = { width: 595.28, height: 841.89 };

/** One page's drawing instructions; places in points from the lower left corner. */
export type Canvas = {
  /** Anything but printable ASCII becomes `?`. */
  text(x: number, y: number, size: number, text: string): void;
  /** Dark where true, over whatever lies there; row by row from the top. */
  mask(x: number, y: number, side: number, rows: readonly (readonly boolean[])[]): void;
  /** A thin grey line, to cut along. */
  line(fromX: number, fromY: number, toX: number, toY: number): void;
};

export function newCanvas(): Canvas & { readonly content: () => string } {
  const parts: string[] = [];
  return {
    content: () => parts.join("\n"),
    text: (x, y, size, text) => {
      parts.push(`BT /F1 ${size} Tf ${number(x)} ${number(y)} Td (${literal(text)}) Tj ET`);
    },
    mask: (x, y, side, rows) => {
      const height = rows.length;
      const width = rows[0]?.length ?? 0;
      parts.push(
        `q ${number(side)} 0 0 ${number(side)} ${number(x)} ${number(y)} cm`,
        `BI /W ${width} /H ${height} /IM true /BPC 1 /D [1 0] /F /AHx ID`,
        `${rows.map(hexOf).join("")}>`,
        "EI Q",
      );
    },
    line: (fromX, fromY, toX, toY) => {
      const [from, to] = [`${number(fromX)} ${number(fromY)} m`, `${number(toX)} ${number(toY)} l`];
      parts.push(`q 0.75 G 0.4 w ${from} ${to} S Q`);
    },
  };
}

/** The file: the same pages give the same bytes. */
export function pdfOf(title: string, contents: readonly string[]): Buffer {
  const pageAt = (index: number) => 5 + index * 2;
  const kids = contents.map((_, index) => `${pageAt(index)} 0 R`).join(" ");
  const objects: Buffer[] = [
    Buffer.from("<< /Type /Catalog /Pages 2 0 R >>"),
    Buffer.from(`<< /Type /Pages /Kids [${kids}] /Count ${contents.length} >>`),
    Buffer.from("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"),
    Buffer.from(`<< /Title (${literal(title)}) >>`),
  ];
  contents.forEach((content, index) => {
    const packed = deflateSync(Buffer.from(content, "latin1"));
    objects.push(
      Buffer.from(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${A4.width} ${A4.height}] ` +
          `/Resources << /Font << /F1 3 0 R >> >> /Contents ${pageAt(index) + 1} 0 R >>`,
      ),
      Buffer.concat([
        Buffer.from(`<< /Length ${packed.length} /Filter /FlateDecode >>\nstream\n`),
        packed,
        Buffer.from("\nendstream"),
      ]),
    );
  });
  return assembled(objects);
}

/** Header, objects, where each of them begins, and where that table begins. */
function assembled(objects: readonly Buffer[]): Buffer {
  // Bytes beyond ASCII in the second line tell programs that move files that this one is binary.
  const parts = [Buffer.from("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "latin1")];
  let at = parts[0]?.length ?? 0;
  const begins = objects.map((object, index) => {
    const begin = at;
    const framed = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from("\nendobj\n")]);
    parts.push(framed);
    at += framed.length;
    return `${String(begin).padStart(10, "0")} 00000 n \n`;
  });
  const count = objects.length + 1;
  const table = `xref\n0 ${count}\n0000000000 65535 f \n${begins.join("")}`;
  const trailer = `trailer\n<< /Size ${count} /Root 1 0 R /Info 4 0 R >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(table + trailer)]);
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function literal(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, "?").replaceAll(/[\\()]/g, "\\$&");
}

/** A row as whole bytes, the first module in the highest bit; what is over is light. */
function hexOf(row: readonly boolean[]): string {
  const bits = row.map((dark) => (dark ? "1" : "0")).join("");
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  return (whole.match(/.{8}/g) ?? [])
    .map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, "0"))
    .join("");
}
