import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from '../model/address.ts'
import { checkDocument, checkScope, checkSection } from '../model/check-address.ts'
import { ArgumentError, SyncError } from '../model/errors.ts'
import type { Place } from '../model/position.ts'
import { wholeNumber } from '../model/whole-number.ts'
import { checkRequest, checkTtl } from '../transport/request.ts'
import type {
  CommitRequest,
  CommitResult,
  Head,
  HeadQuestion,
  Loaded,
  LogPage,
  TouchRequest,
} from '../transport/store.ts'
import { answerCommit } from './commit.ts'
import type { SectionInspection } from './controls.ts'
import { toStored, versionsOf } from './documents.ts'
import { Journal } from './journal.ts'
import type { HubSettings } from './options.ts'
import { Section } from './section.ts'

/** The authority behind all stores of a hub. Each of its methods is one atomic step: nothing in it waits. */
export class StoreServer {
  readonly settings: HubSettings
  readonly #journal: Journal
  /** By partition, then by section. */
  readonly #sections = new Map<string, Map<string, Section>>()
  /** New at every start: what makes a lost tail noticeable. */
  #identity = 1

  constructor(settings: HubSettings) {
    this.settings = settings
    this.#journal = new Journal(settings.journal)
  }

  load(refs: readonly DocumentRef[]): Loaded[] {
    for (const ref of refs) checkDocument(ref)
    const now = this.#now()
    return refs.map((ref) => {
      const section = this.#touched(ref)
      const document = section.documents.get(ref.key, now)
      const standing = section.standing()
      return document ? { standing, document: toStored(document, now) } : { standing }
    })
  }

  commit(group: readonly CommitRequest[]): CommitResult[] {
    const now = this.#now()
    return group.map((request) => this.#commitOne(request, now))
  }

  changesSince(scope: Scope, after: Place, limit: number): LogPage {
    checkScope(scope)
    wholeNumber(limit, 'limit', 1)
    return this.#touched(scope).changesSince(after, limit, isDocumentRef(scope) ? scope.key : undefined)
  }

  heads(asked: readonly HeadQuestion[]): Head[] {
    for (const { scope } of asked) checkScope(scope)
    const now = this.#now()
    return asked.map((question) => {
      const { scope } = question
      const section = this.#touched(scope)
      section.compare(question)
      const standing = section.standing()
      return isDocumentRef(scope)
        ? { standing, document: versionsOf(section.documents.get(scope.key, now)) }
        : { standing }
    })
  }

  touch(requests: readonly TouchRequest[]): void {
    for (const { ref, ttl } of requests) {
      checkDocument(ref)
      checkTtl(ttl)
    }
    const now = this.#now()
    for (const { ref, ttl } of requests) {
      const { documents } = this.#touched(ref)
      const document = documents.get(ref.key, now)
      if (document) documents.put(ref.key, { ...document, expiresAt: now + ttl })
    }
  }

  keys(ref: SectionRef, prefix: string): string[] {
    checkSection(ref)
    const living = this.#touched(ref).documents.living(this.#now())
    return Array.from(living, ([key]) => key).filter((key) => key.startsWith(prefix))
  }

  restart(): void {
    this.#identity++
  }

  loseTail(n: number): number {
    wholeNumber(n, 'n', 0)
    if (n > this.settings.journal)
      throw new ArgumentError(`journal: ${this.settings.journal} commits cannot take back ${n}`)
    const lost = this.#journal.takeBack(n)
    this.restart()
    return lost
  }

  inspect({ partition, section }: SectionRef): SectionInspection | undefined {
    const found = this.#sections.get(partition)?.get(section)
    if (!found) return undefined
    const now = this.#now()
    const living = Array.from(found.documents.living(now), ([key, held]) => [key, toStored(held, now)] as const)
    return {
      standing: found.standing(),
      documents: new Map(living),
      held: found.documents.held,
      changes: found.history(),
    }
  }

  #commitOne(request: CommitRequest, now: number): CommitResult {
    let section: Section | undefined
    try {
      checkSection(request.ref)
      section = this.#touched(request.ref)
      checkRequest(request, this.settings.maxCommitBytes)
      return answerCommit(section, request, now)
    } catch (cause) {
      const error = cause instanceof SyncError ? cause : new ArgumentError('not a commit request', { cause })
      // without a section there is nothing to tell of: least of all another epoch
      const standing = section?.standing() ?? { epoch: request.epoch, sequence: 0, answers: 0, lineage: [] }
      return { status: 'failed', error, standing }
    }
  }

  #now(): number {
    return this.settings.runtime.now()
  }

  /** The section, its fence passed. */
  #touched(ref: SectionRef): Section {
    const section = this.#sections.get(ref.partition)?.get(ref.section) ?? this.#create(ref)
    section.touch(this.#identity)
    return section
  }

  #create({ partition, section: name }: SectionRef): Section {
    const section = new Section(this.settings, this.#journal, this.#identity)
    const siblings = this.#sections.get(partition)
    if (siblings) siblings.set(name, section)
    else this.#sections.set(partition, new Map([[name, section]]))
    return section
  }
}
