import { html, useState } from './html.js'
import { FormError } from './inspector.js'

/** Sends an action to the server. Throws the server's error message if the action fails. */
async function send(action) {
  const response = await fetch('api/action', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(action),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer.result
}

/** Buttons that run actions, with the result of the last one. */
export function Actions({ actions, onDone }) {
  const [running, setRunning] = useState(false)
  const [outcome, setOutcome] = useState({})
  const run = (label, action, describe) => async () => {
    setRunning(true)
    try {
      const result = await send(action)
      setOutcome({ text: describe?.(result) ?? `${label}: done.` })
      onDone?.()
    } catch (error) {
      setOutcome({ error })
    } finally {
      setRunning(false)
    }
  }
  return html`
    <div>
      <div class="buttons">
        ${actions.map(
          ({ label, action, describe }) =>
            html`<button key=${label} type="button" disabled=${running} onClick=${run(label, action, describe)}>${label}</button>`,
        )}
      </div>
      <p role="status" class="faint">${outcome.text}</p>
      <${FormError} error=${outcome.error} />
    </div>`
}
