import type { CompareAndSetResult, ConcurrentEdits, EditWrite } from './edits.ts'
import type { UnitValue } from './services/forecast/units.ts'

/** Formats a value for readers. */
function formatValue(value: UnitValue | null): string {
  if (value === null) return 'nothing'
  if (typeof value === 'string') return `“${value}”`
  return typeof value === 'number' ? `${value}` : `[${value.join(', ')}]`
}

const STRATEGY_TEXTS: Readonly<Record<ConcurrentEdits['strategy'], string>> = {
  lww: 'lww: the last write wins',
  max: 'max: the greater value wins',
  union: 'union: additions of both writers are kept, removals of both are applied',
  custom: 'custom: a function of this app that takes the midpoint of both values',
}

/** Describes the result of one or two edits, one sentence per element. */
export function summarizeEdits({ field, strategy, writes, states }: ConcurrentEdits): readonly string[] {
  const [first, second] = writes
  if (!first) return []
  const lines = [`${first.instance} wrote ${field} = ${formatValue(first.value)}: ${describeWrite(first)}.`]
  if (second) {
    const knew = second.before.version >= first.version
    lines.push(
      knew
        ? `${second.instance} had already received that change. It wrote ${formatValue(second.value)}: ${describeWrite(second)}. No merge was necessary.`
        : `${second.instance} wrote ${formatValue(second.value)} before it received that change. ${describeConflict(second)}`,
    )
    if (!knew) lines.push(`The merge strategy of ${field} is ${STRATEGY_TEXTS[strategy]}.`)
  }
  return [...lines, describeAgreement(states)]
}

const describeWrite = ({ changed, version }: EditWrite): string =>
  changed ? `document version ${version}` : `unchanged, document version ${version}`

function describeConflict({ conflicts, value, version, changed }: EditWrite): string {
  const [conflict] = conflicts
  if (!conflict) return `The store committed it after the first write: document version ${version}.`
  const text = `Conflict: it expected document version ${conflict.expected}, but the document was at version ${conflict.found} with ${formatValue(conflict.remote)}.`
  return changed
    ? `${text} It merged its ${formatValue(value)} with that value: document version ${version}.`
    : `${text} Merging its ${formatValue(value)} did not change that value, so nothing was written.`
}

/** Describes the result of a compare-and-set, one sentence per element. */
export function summarizeCompareAndSet({
  field,
  read,
  other,
  attempt,
  states,
  edits,
}: CompareAndSetResult): readonly string[] {
  const [first, second] = edits
  const lines = [
    `${first.instance} read ${field} = ${formatValue(read.value)} at field version ${read.fieldVersion}.`,
    `${second.instance} wrote ${formatValue(other.value)}: field version ${other.fieldVersion}.`,
  ]
  if (attempt.ok) {
    lines.push(
      `${first.instance} required field version ${read.fieldVersion}, which was still current, and wrote ${formatValue(first.value)}: field version ${attempt.fieldVersion}.`,
    )
  } else {
    lines.push(
      `${first.instance} required field version ${read.fieldVersion} to write ${formatValue(first.value)}. Conflict: the field is at version ${attempt.fieldVersion}. Nothing was written. The store returned the current value, ${formatValue(attempt.value)}.`,
    )
  }
  return [...lines, describeAgreement(states)]
}

function describeAgreement(states: ConcurrentEdits['states']): string {
  const distinctStates = new Set(
    states.map(({ value, version }) => `${formatValue(value)} at document version ${version}`),
  )
  const [state] = distinctStates
  if (distinctStates.size === 1) return `All ${states.length} replicas have ${state}.`
  return `${states.map(({ instance, value, version }) => `${instance} has ${formatValue(value)} at version ${version}`).join('; ')}.`
}
