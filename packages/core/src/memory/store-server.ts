import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from '../model/address.ts'
import { assertDocumentRef, assertInteger, assertScope, assertSectionRef } from '../model/assert.ts'
import { ArgumentError, isSyncError } from '../model/errors.ts'
import type { LogPosition } from '../model/position.ts'
import { assertCommitRequest, assertTtl } from '../transport/assert-request.ts'
import type {
  CommitRequest,
  CommitResult,
  Head,
  HeadQuery,
  LoadResult,
  LogPage,
  TouchRequest,
} from '../transport/store.ts'
import type { SectionInspection } from './controls.ts'
import { toStored, versionsOf } from './document-table.ts'
import { executeCommit } from './execute-commit.ts'
import type { HubSettings } from './options.ts'
import { StoredSection } from './stored-section.ts'
import { UndoLog } from './undo-log.ts'

/** Server behind all stores of a hub. Each method is one atomic, synchronous step. */
export class StoreServer {
  readonly settings: HubSettings
  readonly #undoLog: UndoLog
  /** Sections by partition and name. */
  readonly #sections = new Map<string, Map<string, StoredSection>>()
  /** Changes at every start, so that a lost tail is detected. */
  #identity = 1

  constructor(settings: HubSettings) {
    this.settings = settings
    this.#undoLog = new UndoLog(settings.maxUndoCommits)
  }

  load(refs: readonly DocumentRef[]): LoadResult[] {
    for (const ref of refs) assertDocumentRef(ref)
    const now = this.#now()
    return refs.map((ref) => {
      const section = this.#fencedSection(ref)
      const document = section.documents.get(ref.key, now)
      const state = section.state()
      return document ? { state, document: toStored(document, now) } : { state }
    })
  }

  commit(group: readonly CommitRequest[]): CommitResult[] {
    const now = this.#now()
    return group.map((request) => this.#commitRequest(request, now))
  }

  changesSince(scope: Scope, after: LogPosition, limit: number): LogPage {
    assertScope(scope)
    assertInteger(limit, 'limit', 1)
    return this.#fencedSection(scope).changesSince(after, limit, isDocumentRef(scope) ? scope.key : undefined)
  }

  heads(queries: readonly HeadQuery[]): Head[] {
    for (const { scope } of queries) assertScope(scope)
    const now = this.#now()
    return queries.map((query) => {
      const { scope } = query
      const section = this.#fencedSection(scope)
      section.detectLostTail(query)
      const state = section.state()
      return isDocumentRef(scope) ? { state, document: versionsOf(section.documents.get(scope.key, now)) } : { state }
    })
  }

  touch(requests: readonly TouchRequest[]): void {
    for (const { ref, ttl } of requests) {
      assertDocumentRef(ref)
      assertTtl(ttl)
    }
    const now = this.#now()
    for (const { ref, ttl } of requests) {
      const { documents } = this.#fencedSection(ref)
      const document = documents.get(ref.key, now)
      if (document) documents.put(ref.key, { ...document, expiresAt: now + ttl })
    }
  }

  keys(ref: SectionRef, prefix: string): string[] {
    assertSectionRef(ref)
    const live = this.#fencedSection(ref).documents.live(this.#now())
    return Array.from(live, ([key]) => key).filter((key) => key.startsWith(prefix))
  }

  restart(): void {
    this.#identity++
  }

  loseTail(n: number): number {
    assertInteger(n, 'n', 0)
    if (n > this.settings.maxUndoCommits)
      throw new ArgumentError(`n: expected at most maxUndoCommits (${this.settings.maxUndoCommits}), got ${n}`)
    const lost = this.#undoLog.undoLast(n)
    this.restart()
    return lost
  }

  inspect({ partition, section }: SectionRef): SectionInspection | undefined {
    const found = this.#sections.get(partition)?.get(section)
    if (!found) return undefined
    const now = this.#now()
    const live = Array.from(found.documents.live(now), ([key, document]) => [key, toStored(document, now)] as const)
    return {
      state: found.state(),
      documents: new Map(live),
      heldCount: found.documents.heldCount,
      changes: found.loggedChanges(),
    }
  }

  #commitRequest(request: CommitRequest, now: number): CommitResult {
    let section: StoredSection | undefined
    try {
      assertSectionRef(request.ref)
      section = this.#fencedSection(request.ref)
      assertCommitRequest(request, this.settings.maxCommitBytes)
      return executeCommit(section, request, now)
    } catch (cause) {
      const error = isSyncError(cause)
        ? cause
        : new ArgumentError('expected a commit request, got a malformed one', { cause })
      // Without a section, return the writer's own epoch: another one would signal an epoch change.
      const state = section?.state() ?? { epoch: request.epoch, sequence: 0, opResultCount: 0, ancestors: [] }
      return { status: 'failed', error, state }
    }
  }

  #now(): number {
    return this.settings.runtime.now()
  }

  /** Returns a section, created if necessary, after passing its fence. */
  #fencedSection(ref: SectionRef): StoredSection {
    const section = this.#sections.get(ref.partition)?.get(ref.section) ?? this.#create(ref)
    section.touch(this.#identity)
    return section
  }

  #create({ partition, section: name }: SectionRef): StoredSection {
    const section = new StoredSection(this.settings, this.#undoLog, this.#identity)
    const siblings = this.#sections.get(partition)
    if (siblings) siblings.set(name, section)
    else this.#sections.set(partition, new Map([[name, section]]))
    return section
  }
}
