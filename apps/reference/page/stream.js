import { useEffect, useState } from 'preact/hooks'

const MOST_POINTS = 2_400

/** All of them, as long as they are few enough; else every other one. */
const thinned = (points) => (points.length < MOST_POINTS ? points : points.filter((_, index) => index % 2 === 0))

/** The newest frame, the charts' points so far, and whether the server can be heard. The browser reconnects by itself. */
export function useStream() {
  const [seen, setSeen] = useState({ frame: undefined, points: [], connected: false })
  useEffect(() => {
    const source = new EventSource('/events')
    source.addEventListener('history', ({ data }) =>
      setSeen((now) => ({ ...now, points: JSON.parse(data), connected: true })),
    )
    source.addEventListener('frame', ({ data }) => {
      const frame = JSON.parse(data)
      const { at, rate, totals } = frame
      const point = { at, rate, ...totals.propagation }
      setSeen(({ points }) => ({ frame, points: [...thinned(points), point], connected: true }))
    })
    source.addEventListener('error', () => setSeen((now) => ({ ...now, connected: false })))
    return () => source.close()
  }, [])
  return seen
}

/** Asks the server for something; what it refuses is thrown. */
export async function ask(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}
