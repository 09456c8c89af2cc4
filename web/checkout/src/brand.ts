// The merchant's colour, made readable: the button keeps it, and what stands on it or is written in it is
// given the contrast that people need (WCAG 2.2, 4.5 to 1).

const CONTRAST_MIN = 4.5;
const STEPS = 20;

export interface BrandColours {
  /** The merchant's own. */
  readonly brand: string;
  /** Readable on it. */
  readonly ink: string;
  /** The nearest to it that is readable on the page. */
  readonly text: string;
}

type Rgb = readonly [number, number, number];

/** @param colour `#rrggbb`. @param paper the page's ground. */
export function brandColours(colour: string, paper: string): BrandColours {
  const [brand, ground] = [rgb(colour), rgb(paper)];
  const white: Rgb = [255, 255, 255];
  const black: Rgb = [0, 0, 0];
  // One of the two always has at least 4.58 to 1.
  const ink =
    contrast(brand, white) >= CONTRAST_MIN
      ? white
      : contrast(brand, black) > contrast(brand, white)
        ? black
        : white;
  const away = luminance(ground) > 0.18 ? black : white;
  let text = brand;
  for (let step = 1; contrast(text, ground) < CONTRAST_MIN && step <= STEPS; step += 1) {
    text = mix(brand, away, step / STEPS);
  }
  return { brand: hex(brand), ink: hex(ink), text: hex(text) };
}

/** How far two colours are apart, from 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((value, at) => Math.round(value + ((to[at] as number) - value) * share)) as unknown as Rgb;
}

export function rgb(text: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as unknown as Rgb;
}

function hex(colour: Rgb): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
