import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import { clock, html } from './html.js'

const HEIGHT = 180

/** Returns one of the page's colours, so that charts are legible in the light and dark themes. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

function create(element, lines) {
  const axis = { stroke: () => colour('--ink'), grid: { stroke: () => colour('--line') } }
  const times = { ...axis, space: 80, values: (_chart, splits) => splits.map((at) => clock(at * 1_000)) }
  return new UPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      axes: [times, { ...axis, size: 56 }],
      scales: { y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.1)] } },
      series: [
        {},
        ...lines.map(({ label, ink }) => ({ label, stroke: () => colour(ink), width: 2, points: { show: false } })),
      ],
      legend: { live: false },
      cursor: { drag: { x: false, y: false } },
    },
    [[], ...lines.map(() => [])],
    element,
  )
}

/** A live chart. Each line shows the member `of` of the points. */
export function Chart({ title, points, lines }) {
  const element = useRef()
  const chart = useRef()
  useEffect(() => {
    chart.current = create(element.current, lines)
    const observer = new ResizeObserver(([{ contentRect }]) => {
      chart.current.setSize({ width: contentRect.width, height: HEIGHT })
    })
    observer.observe(element.current)
    return () => {
      observer.disconnect()
      chart.current.destroy()
    }
  }, [])
  useEffect(() => {
    chart.current?.setData([
      points.map(({ at }) => at / 1_000),
      ...lines.map(({ of }) => points.map((point) => point[of])),
    ])
  }, [points])
  const last = points.at(-1)
  const summary = last ? lines.map(({ label, of }) => `${label} ${last[of].toFixed(1)}`).join(', ') : 'no data yet'
  return html`
    <figure>
      <figcaption>${title}</figcaption>
      <div ref=${element} role="img" aria-label=${`${title}: ${summary}`}></div>
    </figure>`
}
