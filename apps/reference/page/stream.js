import { useEffect, useState } from './html.js'

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
      const { at, rate, totals, instances } = frame
      const point = { at, rate, ...totals.propagation, behind: Math.max(...instances.map(({ behind }) => behind)) }
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

/** Returns a function that sends a request, and the error of the last one. The function resolves with `undefined` after an error. */
export function useRequest() {
  const [error, setError] = useState()
  const send = async (path, body) => {
    try {
      const answer = await post(path, body)
      setError(undefined)
      return answer
    } catch (problem) {
      setError(problem)
      return undefined
    }
  }
  return { send, error }
}
