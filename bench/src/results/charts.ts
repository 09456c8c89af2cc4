/** The two kinds of chart: bars that compare, and lines over the seconds of a run. */
import { element, LEFT, label, picture, ticks, WIDTH, written } from "./svg.ts";

export type Bars = {
  readonly title: string;
  readonly subtitle: string;
  /** Of the values: the axis' title. */
  readonly unit: string;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly isMain?: boolean }[];
  /** A line across all bars: what they are held against. */
  readonly mark?: { readonly name: string; readonly value: number };
};

const NAMES_WIDTH = 250;
const BAR_HEIGHT = 22;
const BAR_PITCH = 34;
const TOP = 70;
const VALUE_ROOM = 70;
const AXIS_ROOM = 46;
const MARK_ROOM = 20;

export function barChart({ title, subtitle, unit, bars, mark }: Bars): string {
  const steps = ticks(Math.max(mark?.value ?? 0, ...bars.map(({ value }) => value)));
  const from = LEFT + NAMES_WIDTH;
  const width = WIDTH - from - VALUE_ROOM;
  const x = (value: number) => round(from + (value / (steps.at(-1) as number)) * width);
  const top = TOP + (mark === undefined ? 0 : MARK_ROOM);
  const bottom = top + bars.length * BAR_PITCH;
  const grid = steps.flatMap((step) => [
    element("line", { x1: x(step), x2: x(step), y1: top, y2: bottom, class: "grid" }),
    label(written(step), { x: x(step), y: bottom + 16, class: "quiet", "text-anchor": "middle" }),
  ]);
  // A value that the mark would cross stands behind it.
  const markX = mark === undefined ? null : x(mark.value);
  const besideMark = (end: number) =>
    markX !== null && markX > end && markX < end + VALUE_ROOM ? markX : end;
  const drawn = bars.flatMap(({ name, value, isMain }, index) => {
    const y = top + index * BAR_PITCH + (BAR_PITCH - BAR_HEIGHT) / 2;
    const middle = y + BAR_HEIGHT / 2 + 5;
    const shape = { x: from, y, width: round(x(value) - from), height: BAR_HEIGHT, rx: 3 };
    return [
      element("rect", { ...shape, class: isMain === true ? "bar main" : "bar" }),
      label(name, { x: from - 10, y: middle, "text-anchor": "end" }),
      label(written(value), { x: besideMark(x(value)) + 6, y: middle }),
    ];
  });
  const marked =
    mark === undefined
      ? []
      : [
          element("line", { x1: x(mark.value), x2: x(mark.value), y1: top - 4, y2: bottom, class: "mark" }),
          label(mark.name, { x: x(mark.value) + 4, y: top - 9, class: "quiet", "text-anchor": "end" }),
        ];
  const axis = label(unit, { x: from + width / 2, y: bottom + 36, class: "quiet", "text-anchor": "middle" });
  return picture({ title, subtitle, height: bottom + AXIS_ROOM }, [...grid, ...drawn, ...marked, axis]);
}

export type Lines = {
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  /** One value for each second, from the first on; at most four series. */
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** Seconds after which something changed, and what. */
  readonly changes: readonly { readonly second: number; readonly name: string }[];
};

const PLOT_HEIGHT = 240;
const AXIS_WIDTH = 56;
const LEGEND_ROOM = 22;
const LEGEND_PITCH = 170;

export function lineChart({ title, subtitle, unit, series, changes }: Lines): string {
  const steps = ticks(Math.max(0, ...series.flatMap(({ values }) => values)));
  const seconds = Math.max(1, ...series.map(({ values }) => values.length));
  const [left, right] = [LEFT + AXIS_WIDTH, WIDTH - LEFT];
  const top = TOP + LEGEND_ROOM + MARK_ROOM;
  const bottom = top + PLOT_HEIGHT;
  const x = (second: number) => round(left + (second / seconds) * (right - left));
  const y = (value: number) => round(bottom - (value / (steps.at(-1) as number)) * PLOT_HEIGHT);
  const grid = steps.flatMap((step) => [
    element("line", { x1: left, x2: right, y1: y(step), y2: y(step), class: "grid" }),
    label(written(step), { x: left - 8, y: y(step) + 4, class: "quiet", "text-anchor": "end" }),
  ]);
  const times = ticks(seconds)
    .filter((second) => second <= seconds)
    .map((second) =>
      label(written(second), { x: x(second), y: bottom + 18, class: "quiet", "text-anchor": "middle" }),
    );
  const marks = changes.flatMap(({ second, name }) => [
    element("line", { x1: x(second), x2: x(second), y1: top, y2: bottom, class: "mark" }),
    label(name, { x: x(second) + 4, y: top - 6, class: "quiet" }),
  ]);
  const lines = series.flatMap(({ name, values }, index) => {
    const points = values.map((value, second) => `${x(second + 0.5)},${y(value)}`).join(" ");
    const at = left + index * LEGEND_PITCH;
    return [
      element("polyline", { points, class: `line s${index}` }),
      element("line", { x1: at, x2: at + 22, y1: TOP + 2, y2: TOP + 2, class: `line s${index}` }),
      label(name, { x: at + 28, y: TOP + 6 }),
    ];
  });
  const axes = [
    label(`${unit}, by seconds of the run`, {
      x: (left + right) / 2,
      y: bottom + 38,
      class: "quiet",
      "text-anchor": "middle",
    }),
  ];
  return picture({ title, subtitle, height: bottom + AXIS_ROOM + 4 }, [
    ...grid,
    ...times,
    ...marks,
    ...lines,
    ...axes,
  ]);
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
