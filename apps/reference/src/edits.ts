import type { ConditionalEditResult, EditResult, FieldState } from './services/forecast/edits.ts'
import { strategies, type UnitField, type UnitValue } from './services/forecast/units.ts'
import type { ServiceHandle } from './services/handle.ts'

/** Who writes what, at which instance. */
export interface PlannedEdit {
  readonly replica: Pick<ServiceHandle, 'name' | 'execute'>
  readonly actor: string
  readonly value: UnitValue
}

/** One of the writes. */
export interface EditWrite extends EditResult {
  readonly instance: string
  readonly actor: string
  readonly wanted: UnitValue
}

/** What two edits at once came to. */
export interface ConcurrentEdits {
  readonly key: string
  readonly field: UnitField
  readonly strategy: (typeof strategies)[UnitField]
  /** In the store's order. */
  readonly writes: readonly EditWrite[]
  /** What every instance holds afterwards. */
  readonly held: readonly ({ readonly instance: string } & FieldState)[]
}

/** What a conditional write came to. */
export interface CompareAndSetResult {
  readonly key: string
  readonly field: UnitField
  readonly read: FieldState
  readonly other: FieldState
  /** Who tried, and who was first. */
  readonly hands: readonly [{ readonly instance: string; readonly wanted: UnitValue }, { readonly instance: string }]
  readonly tried: ConditionalEditResult
  readonly held: readonly ({ readonly instance: string } & FieldState)[]
}

/** Which field of which unit. */
export interface FieldRef {
  readonly key: string
  readonly field: UnitField
}

type Replica = Pick<ServiceHandle, 'name' | 'execute'>

/** Two instances write one field before either has heard of the other; then all hear of both. */
export async function editConcurrently(
  hands: readonly [PlannedEdit, PlannedEdit],
  target: FieldRef,
  all: readonly Replica[],
): Promise<ConcurrentEdits> {
  const edits = async (): Promise<EditWrite[]> => {
    try {
      await Promise.all(hands.map(({ replica }) => replica.execute('withholdUnits')))
      return await Promise.all(hands.map((hand) => edit(hand, target)))
    } finally {
      await Promise.all(hands.map(({ replica }) => replica.execute('handOverUnits').catch(() => undefined)))
    }
  }
  // one that found nothing left to write came last
  const inOrder = (a: EditWrite, b: EditWrite): number => a.version - b.version || Number(b.changed) - Number(a.changed)
  const writes = (await edits()).sort(inOrder)
  return { ...target, strategy: strategies[target.field], writes, held: await readFieldStates(all, target) }
}

/** One instance writes one field, and all hear of it. */
export async function editOnce(hand: PlannedEdit, target: FieldRef, all: readonly Replica[]): Promise<ConcurrentEdits> {
  const writes = [await edit(hand, target)]
  return { ...target, strategy: strategies[target.field], writes, held: await readFieldStates(all, target) }
}

/** The first reads a field, the second writes it, then the first writes it on the condition that it is as it was read. */
export async function compareAndSet(
  [first, second]: readonly [PlannedEdit, PlannedEdit],
  target: FieldRef,
  all: readonly Replica[],
): Promise<CompareAndSetResult> {
  const read = await first.replica.execute('standing', target)
  await edit(second, target)
  const other = await second.replica.execute('standing', target)
  const { value, actor } = first
  const tried = await first.replica.execute('tryEdit', { ...target, value, actor, expectedVersion: read.fieldVersion })
  const hands = [{ instance: first.replica.name, wanted: value }, { instance: second.replica.name }] as const
  return { ...target, read, other, hands, tried, held: await readFieldStates(all, target) }
}

async function edit({ replica, actor, value }: PlannedEdit, target: FieldRef): Promise<EditWrite> {
  const edited = await replica.execute('edit', { ...target, value, actor })
  return { ...edited, instance: replica.name, actor, wanted: value }
}

const readFieldStates = (all: readonly Replica[], target: FieldRef): Promise<ConcurrentEdits['held']> =>
  Promise.all(
    all.map(async ({ name, execute }) => {
      await execute('check')
      return { instance: name, ...(await execute('standing', target)) }
    }),
  )
