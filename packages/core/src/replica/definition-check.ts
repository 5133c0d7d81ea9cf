import type { SectionDefinition } from '../model/section-definition.ts'
import type { SectionState } from '../versioning/section-state.ts'

/** Detects that other services define a section differently, and reports each such definition once. */
export class DefinitionCheck {
  readonly #own: SectionDefinition
  readonly #onMismatch: (theirs: SectionDefinition) => void
  readonly #reported = new Set<string>()

  constructor(own: SectionDefinition, onMismatch: (theirs: SectionDefinition) => void) {
    this.#own = own
    this.#onMismatch = onMismatch
  }

  compare({ definition: theirs }: SectionState): void {
    if (!theirs || (theirs.digest === this.#own.digest && theirs.subscribeBy === this.#own.subscribeBy)) return
    const variant = `${theirs.subscribeBy} ${theirs.digest}`
    if (this.#reported.has(variant)) return
    this.#reported.add(variant)
    this.#onMismatch(theirs)
  }
}
