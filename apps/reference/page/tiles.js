import { count, duration, html, percent, size } from './html.js'

const Tile = ({ label, value, note, state }) => html`
  <div class="tile ${state ?? ''}">
    <dt>${label}</dt>
    <dd>${value} ${note && html`<small>${note}</small>`}</dd>
  </div>`

/** Tiles with the system's figures. */
export function Tiles({ frame: { rate, totals, errorRate } }) {
  const { propagation, patchUnits, documentUnits } = totals
  const share =
    documentUnits === 0
      ? 'no writes yet'
      : `${((patchUnits / documentUnits) * 100).toFixed(1)} % of ${size(documentUnits)}`
  return html`
    <dl class="tiles">
      <${Tile} label="Commits/s" value=${count(rate)} note=${`${count(totals.commits)} in total`} />
      <${Tile} label="Propagation p95" value=${duration(propagation.p95)}
        note=${`p50 ${propagation.p50.toFixed(1)} · p99 ${duration(propagation.p99)}`}
        state=${propagation.p95 > 100 ? 'bad' : ''} />
      <${Tile} label="Consistency" value=${percent(totals.score)} note="of the audited documents"
        state=${totals.score < 0.999 ? 'bad' : 'good'} />
      <${Tile} label="Errors" value=${percent(errorRate)} note=${`last 30 s; ${count(totals.errors)} in total`}
        state=${errorRate > 0.001 ? 'bad' : 'good'} />
      <${Tile} label="Patches sent" value=${size(patchUnits)} note=${share} />
      <${Tile} label="Gaps · repairs" value=${`${count(totals.gaps)} · ${count(totals.repairs)}`}
        note=${`${count(totals.duplicates)} duplicates, ${count(totals.reorders)} reordered`} />
      <${Tile} label="Conflicts" value=${count(totals.conflicts)}
        note=${`merged or rejected`} />
    </dl>`
}
