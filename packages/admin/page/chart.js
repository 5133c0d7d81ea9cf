import { clock, html, useEffect, useRef } from './html.js'
import UPlot from './lib/uplot.js'

const HEIGHT = 180
/** A chart of one line has no legend, and uses its height. */
const heightOf = (lines) => (lines.length > 1 ? HEIGHT : HEIGHT + 32)
/** Time steps of the axis in s: never below one second, so that no two labels are equal. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600]
const MIN_SPAN_S = 10

/** Returns one of the page's colours, so that charts are legible in the light and dark themes. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** Draws a vertical line with its label at each mark: `{ at, text }`. */
function drawMarks(chart, marks) {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.strokeStyle = colour('--bad')
  ctx.fillStyle = colour('--bad')
  ctx.setLineDash([4, 4])
  ctx.textAlign = 'left'
  ctx.textBaseline = 'alphabetic'
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
  let free = bbox.left
  for (const { at, text } of marks) {
    const x = chart.valToPos(at / 1_000, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    const width = ctx.measureText(text).width + 8
    const start = x + width > bbox.left + bbox.width ? x - width : x
    // a label that would overlap the one before it is left out; the event log has every fault
    if (start < free) continue
    ctx.fillText(text, start + 4, bbox.top + 11 * devicePixelRatio)
    free = start + width
  }
  ctx.restore()
}

function create(element, lines, marks) {
  const axis = {
    stroke: () => colour('--faint'),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
  }
  const times = { ...axis, space: 90, incrs: STEPS, values: (_chart, splits) => splits.map((at) => clock(at * 1_000)) }
  return new UPlot(
    {
      width: element.clientWidth,
      height: heightOf(lines),
      axes: [
        { ...times, size: 32 },
        { ...axis, size: 56, space: 40 },
      ],
      scales: {
        x: { range: (_chart, min, max) => [Math.min(min, max - MIN_SPAN_S), max] },
        y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.1)] },
      },
      series: [
        {},
        ...lines.map(({ label, ink }) => ({ label, stroke: () => colour(ink), width: 2, points: { show: false } })),
      ],
      legend: { live: false, show: lines.length > 1 },
      cursor: { drag: { x: false, y: false } },
      hooks: { draw: [(chart) => drawMarks(chart, marks.current)] },
    },
    [[], ...lines.map(() => [])],
    element,
  )
}

/** A live chart. Each line shows the member `of` of the points; `marks` are shown as vertical lines. */
export function Chart({ title, points, lines, marks = [] }) {
  const element = useRef()
  const chart = useRef()
  const currentMarks = useRef(marks)
  currentMarks.current = marks
  const isEmpty = points.length < 2
  useEffect(() => {
    if (isEmpty) return undefined
    chart.current = create(element.current, lines, currentMarks)
    const observer = new ResizeObserver(([{ contentRect }]) => {
      chart.current.setSize({ width: contentRect.width, height: heightOf(lines) })
    })
    observer.observe(element.current)
    return () => {
      observer.disconnect()
      chart.current.destroy()
    }
  }, [isEmpty])
  useEffect(() => {
    if (isEmpty) return
    chart.current.setData([
      points.map(({ at }) => at / 1_000),
      ...lines.map(({ of }) => points.map((point) => point[of])),
    ])
  }, [points])
  const last = points.at(-1)
  const summary = last ? lines.map(({ label, of }) => `${label} ${last[of].toFixed(1)}`).join(', ') : 'no data yet'
  return html`
    <figure>
      <figcaption>${title}</figcaption>
      ${
        isEmpty
          ? html`<p class="chart-empty">Collecting the first figures…</p>`
          : html`<div ref=${element} role="img" aria-label=${`${title}: ${summary}`}></div>`
      }
    </figure>`
}
