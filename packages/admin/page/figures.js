import { html } from './html.js'

/** One figure with its label; `state` is `good` or `bad`. */
export const Tile = ({ label, value, note, state }) => html`
  <div class="tile ${state ?? ''}">
    <dt>${label}</dt>
    <dd>${value}${note && html` <small>${note}</small>`}</dd>
  </div>`

export const Tiles = ({ children }) => html`<dl class="tiles">${children}</dl>`

/** State with a dot, whose shape differs too, so that the colour is not needed. */
export const State = ({ state, label = state.replace('-', ' ') }) => html`<span class="state ${state}">${label}</span>`

/** A card with a heading. `id` names the heading. */
export const Card = ({ id, title, tools, children }) => html`
  <section class="card" aria-labelledby=${id}>
    <div class="head"><h2 id=${id}>${title}</h2>${tools}</div>
    ${children}
  </section>`

/**
 * Table of rows. `columns`: label, cell function, and kind (`number`, or none). On a narrow screen each row becomes a block
 * with one line per column, so that no column is hidden.
 */
export const Table = ({ label, columns, rows, keyOf }) => html`
  <div class="wide" tabindex="0" role="region" aria-label=${label}>
    <table class="stacked">
      <thead><tr>${columns.map(([name, , kind]) => html`<th scope="col" class=${kind}>${name}</th>`)}</tr></thead>
      <tbody>
        ${rows.map(
          (row) => html`
            <tr key=${keyOf(row)}>
              ${columns.map(([name, cell, kind], index) =>
                index === 0
                  ? html`<th scope="row">${cell(row)}</th>`
                  : html`<td class=${kind} data-label=${name}>${cell(row)}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
