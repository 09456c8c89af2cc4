import { encode } from "uqr";
import { svg } from "./dom.ts";

// ISO/IEC 18004 asks for four light modules around a code; the white frame of the page gives the rest.
const QUIET_MODULES = 2;

/** A QR code drawn as one path, black on white whatever the page's colours are. */
export function qrCode(text: string, label: string): Element {
  const { data, size } = encode(text, { ecc: "M", border: QUIET_MODULES });
  let path = "";
  data.forEach((row, y) => {
    let x = 0;
    while (x < size) {
      let end = x;
      while (end < size && row[end]) end += 1;
      if (end > x) path += `M${x} ${y}h${end - x}v1h${x - end}z`;
      x = end + 1;
    }
  });
  const attributes = { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, class: "qr" };
  return svg(
    "svg",
    { ...attributes, "shape-rendering": "crispEdges" },
    svg("rect", { width: "100%", height: "100%", fill: "#fff" }),
    svg("path", { d: path, fill: "#000" }),
  );
}
