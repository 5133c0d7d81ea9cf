import { type SectionRef, scopeId } from '../model/address.ts'
import type { OpenSection } from './open-section.ts'

/**
 * An instance's sections by address. Only its handles refer to a released section, so that it is freed with them. Its next use
 * adds it again.
 */
export class SectionRegistry {
  readonly #open = new Map<string, OpenSection>()
  readonly #released = new Map<string, WeakRef<OpenSection>>()
  readonly #finalization = new FinalizationRegistry<string>((id) => {
    if (!this.#released.get(id)?.deref()) this.#released.delete(id)
  })

  /** Returns the section of an address, if it is open or a handle of it exists. */
  find(ref: SectionRef): OpenSection | undefined {
    const id = scopeId(ref)
    return this.#open.get(id) ?? this.#released.get(id)?.deref()
  }

  add(open: OpenSection): void {
    const id = scopeId(open.section.ref)
    this.#open.set(id, open)
    this.#released.delete(id)
  }

  /** Releases the section if it is idle. Returns false if it is not. */
  releaseIfIdle(open: OpenSection): boolean {
    if (!open.writeQueue.isIdle || !open.section.releaseIfIdle()) return false
    const id = scopeId(open.section.ref)
    this.#open.delete(id)
    this.#released.set(id, new WeakRef(open))
    this.#finalization.register(open, id)
    return true
  }

  /** Returns the sections that are not released. */
  open(): OpenSection[] {
    return [...this.#open.values()]
  }

  /** Returns every section that can still be used. */
  all(): OpenSection[] {
    return [...this.#open.values(), ...[...this.#released.values()].flatMap((ref) => ref.deref() ?? [])]
  }
}
