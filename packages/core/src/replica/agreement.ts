import type { SectionDefinition } from '../model/section-definition.ts'
import type { Standing } from '../versioning/lineage.ts'

/** Finds out whether others define a section in another way, and tells of each such way once. */
export class Agreement {
  readonly #ours: SectionDefinition
  readonly #differs: (theirs: SectionDefinition) => void
  readonly #told = new Set<string>()

  constructor(ours: SectionDefinition, differs: (theirs: SectionDefinition) => void) {
    this.#ours = ours
    this.#differs = differs
  }

  compare({ definition: theirs }: Standing): void {
    if (!theirs || (theirs.digest === this.#ours.digest && theirs.follow === this.#ours.follow)) return
    const way = `${theirs.follow} ${theirs.digest}`
    if (this.#told.has(way)) return
    this.#told.add(way)
    this.#differs(theirs)
  }
}
