import { count, duration, html, percent, size } from './html.js'
import { Tile, Tiles as TileList } from './instruments/figures.js'

/** Describes the saving by patches. A new document is sent whole, so nothing is saved before the first change. */
export function describeShare(patchUnits, documentUnits) {
  if (documentUnits === 0 || patchUnits >= documentUnits) return 'new documents only so far'
  return `${((patchUnits / documentUnits) * 100).toFixed(1)} % of ${size(documentUnits)}`
}

/** Tiles with the system's figures. */
export function Tiles({ frame: { rate, totals, errorRate } }) {
  const { propagation, patchUnits, documentUnits } = totals
  return html`
    <${TileList}>
      <${Tile} label="Commits/s" value=${count(rate)} note=${`${count(totals.commits)} in total`} />
      <${Tile} label="Propagation p95" value=${duration(propagation.p95)}
        note=${`p50 ${duration(propagation.p50)} · p99 ${duration(propagation.p99)}`}
        state=${propagation.p95 > 100 ? 'bad' : ''} />
      <${Tile} label="Consistency" value=${percent(totals.score)} note="of audited documents"
        state=${totals.score < 0.999 ? 'bad' : 'good'} />
      <${Tile} label="Errors" value=${percent(errorRate)} note=${`last 30 s; ${count(totals.errors)} in total`}
        state=${errorRate > 0.001 ? 'bad' : 'good'} />
      <${Tile} label="Patches sent" value=${size(patchUnits)} note=${describeShare(patchUnits, documentUnits)} />
      <${Tile} label="Gaps · repairs" value=${`${count(totals.gaps)} · ${count(totals.repairs)}`}
        note=${`${count(totals.duplicates)} duplicates, ${count(totals.reorders)} reordered`} />
      <${Tile} label="Conflicts" value=${count(totals.conflicts)} note="merged or rejected" />
    <//>`
}
