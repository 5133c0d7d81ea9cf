import type { ConditionalEditResult, EditResult, FieldState } from './services/forecast/edits.ts'
import { strategies, type UnitField, type UnitValue } from './services/forecast/units.ts'
import type { ServiceHandle } from './services/handle.ts'

/** A write to be made on one replica. */
export interface PlannedEdit {
  readonly replica: Pick<ServiceHandle, 'name' | 'execute'>
  readonly actor: string
  readonly value: UnitValue
}

/** One of the writes, with its result. */
export interface EditWrite extends EditResult {
  readonly instance: string
  readonly actor: string
  readonly value: UnitValue
}

/** Result of one or two edits of a field. */
export interface ConcurrentEdits {
  readonly key: string
  readonly field: UnitField
  readonly strategy: (typeof strategies)[UnitField]
  /** Writes in the order in which the store committed them. */
  readonly writes: readonly EditWrite[]
  /** State of the field on every replica after the edits. */
  readonly states: readonly ({ readonly instance: string } & FieldState)[]
}

/** Result of a compare-and-set. */
export interface CompareAndSetResult {
  readonly key: string
  readonly field: UnitField
  /** The field when the first replica read it. */
  readonly read: FieldState
  /** The field after the second replica's write. */
  readonly other: FieldState
  /** The replica that does the compare-and-set, and the one that writes before it. */
  readonly edits: readonly [{ readonly instance: string; readonly value: UnitValue }, { readonly instance: string }]
  readonly attempt: ConditionalEditResult
  readonly states: readonly ({ readonly instance: string } & FieldState)[]
}

/** Address of one field of a unit. */
export interface FieldRef {
  readonly key: string
  readonly field: UnitField
}

type Replica = Pick<ServiceHandle, 'name' | 'execute'>

/** Two replicas write one field before either receives the other's change. Then all replicas catch up. */
export async function editConcurrently(
  edits: readonly [PlannedEdit, PlannedEdit],
  target: FieldRef,
  all: readonly Replica[],
): Promise<ConcurrentEdits> {
  const writeBoth = async (): Promise<EditWrite[]> => {
    try {
      await Promise.all(edits.map(({ replica }) => replica.execute('holdBackUnits')))
      return await Promise.all(edits.map((edit) => writeField(edit, target)))
    } finally {
      await Promise.all(edits.map(({ replica }) => replica.execute('releaseUnits').catch(() => undefined)))
    }
  }
  // of two writes with equal versions, the one that changed nothing came last
  const inOrder = (a: EditWrite, b: EditWrite): number => a.version - b.version || Number(b.changed) - Number(a.changed)
  const writes = (await writeBoth()).sort(inOrder)
  return { ...target, strategy: strategies[target.field], writes, states: await readFieldStates(all, target) }
}

/** One replica writes one field. Then all replicas catch up. */
export async function editOnce(edit: PlannedEdit, target: FieldRef, all: readonly Replica[]): Promise<ConcurrentEdits> {
  const writes = [await writeField(edit, target)]
  return { ...target, strategy: strategies[target.field], writes, states: await readFieldStates(all, target) }
}

/** The first replica reads a field, the second writes it, and the first then writes it only if its version is unchanged. */
export async function compareAndSet(
  [first, second]: readonly [PlannedEdit, PlannedEdit],
  target: FieldRef,
  all: readonly Replica[],
): Promise<CompareAndSetResult> {
  const read = await first.replica.execute('fieldState', target)
  await writeField(second, target)
  const other = await second.replica.execute('fieldState', target)
  const { value, actor } = first
  const attempt = await first.replica.execute('compareAndSet', {
    ...target,
    value,
    actor,
    expectedVersion: read.fieldVersion,
  })
  const edits = [{ instance: first.replica.name, value }, { instance: second.replica.name }] as const
  return { ...target, read, other, edits, attempt, states: await readFieldStates(all, target) }
}

async function writeField({ replica, actor, value }: PlannedEdit, target: FieldRef): Promise<EditWrite> {
  const edited = await replica.execute('edit', { ...target, value, actor })
  return { ...edited, instance: replica.name, actor, value }
}

const readFieldStates = (all: readonly Replica[], target: FieldRef): Promise<ConcurrentEdits['states']> =>
  Promise.all(
    all.map(async ({ name, execute }) => {
      await execute('catchUp')
      return { instance: name, ...(await execute('fieldState', target)) }
    }),
  )
