import type { ConflictReport } from '../replica/conflict.ts'
import type { Field, Frozen } from './document.ts'

/** A {@link ConflictReport} with the type of its documents. */
export type Conflict<T> = Omit<ConflictReport, 'field' | 'base' | 'local' | 'remote'> & {
  readonly field?: Field<T>
  /** The document as the write first found it; absent: there was none, or none was held. */
  readonly base?: Frozen<T>
  /** The document as the write would have made it, where that is known. */
  readonly local?: Frozen<T>
  /** The document as it is now; absent: there is none. */
  readonly remote?: Frozen<T>
}
