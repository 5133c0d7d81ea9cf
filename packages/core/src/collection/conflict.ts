import type { ConflictReport } from '../replica/conflict.ts'
import type { Field, Frozen } from './document.ts'

/** A {@link ConflictReport} with the type of its documents. */
export type Conflict<T> = Omit<ConflictReport, 'field' | 'base' | 'local' | 'remote'> & {
  readonly field?: Field<T>
  /** Document on which the write was first based. Absent if it did not exist or was not cached. */
  readonly base?: Frozen<T>
  /** Document that the write would have produced, if known. */
  readonly local?: Frozen<T>
  /** Current document. Absent if it does not exist. */
  readonly remote?: Frozen<T>
}
