import { useEffect, useState } from 'preact/hooks'

const MAX_POINTS = 2_400

/** Returns all points, or every other one if there are too many. */
const thinOut = (points) => (points.length < MAX_POINTS ? points : points.filter((_, index) => index % 2 === 0))

/** Returns the latest frame, all chart points, and whether the server is connected. The browser reconnects automatically. */
export function useStream() {
  const [state, setState] = useState({ frame: undefined, points: [], connected: false })
  useEffect(() => {
    const source = new EventSource('/events')
    source.addEventListener('history', ({ data }) =>
      setState((now) => ({ ...now, points: JSON.parse(data), connected: true })),
    )
    source.addEventListener('frame', ({ data }) => {
      const frame = JSON.parse(data)
      const { at, rate, totals } = frame
      const point = { at, rate, ...totals.propagation }
      setState(({ points }) => ({ frame, points: [...thinOut(points), point], connected: true }))
    })
    source.addEventListener('error', () => setState((now) => ({ ...now, connected: false })))
    return () => source.close()
  }, [])
  return state
}

/** Sends a request to the server. Throws the server's error message if the request is rejected. */
export async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}
