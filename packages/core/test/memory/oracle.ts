import type { Change, FieldEdit } from '../../src/model/change.ts'
import type { CommitRequest, CommitResult } from '../../src/transport/store.ts'
import type { SectionState } from '../../src/versioning/section-state.ts'

/*
 * The store contract in its simplest implementation: one state that is copied completely before every commit, lists that
 * are searched from the start, and nothing trimmed before a read. Supports one section and plain names only.
 */

export interface OracleDocument {
  generation: number
  version: number
  floor: number
  fields: Record<string, { text: string; version: number }>
  expiresAt: number
}

interface State {
  epoch: string
  knownIdentity: number
  sequence: number
  lineage: { epoch: string; sequence: number; opResultCount: number }[]
  docs: Record<string, OracleDocument>
  log: Change[]
  /** All results ever returned, in order. Their number determines which of them the op memory still has. */
  answers: { id: string; attempt: number; answer: OracleAnswer }[]
}

export type OracleAnswer = Record<string, unknown> & { readonly status: string }

/** Options of the hub under test, and its epoch ids. */
export interface OracleLimits {
  readonly maxOpResults: number
  readonly maxChanges: number
  readonly lineageDepth: number
  readonly maxUndoCommits: number
  readonly mint: () => string
}

export class Oracle {
  now = 0
  identity = 1
  state: State
  #past: State[] = []
  readonly #limits: OracleLimits

  constructor(limits: OracleLimits) {
    this.#limits = limits
    const epoch = limits.mint()
    this.state = { epoch, knownIdentity: 1, sequence: 0, lineage: [], docs: {}, log: [], answers: [] }
  }

  sectionState(): SectionState {
    const { epoch, sequence, answers, lineage: ancestors } = this.state
    return { epoch, sequence, opResultCount: answers.length, ancestors }
  }

  touch(): void {
    if (this.state.knownIdentity !== this.identity) this.#mint()
  }

  heads(shown?: { epoch: string; sequence: number }): SectionState {
    this.touch()
    if (shown && shown.epoch === this.state.epoch && shown.sequence > this.state.sequence) this.#mint()
    return this.sectionState()
  }

  doc(key: string): OracleDocument | undefined {
    const doc = this.state.docs[key]
    return doc && doc.expiresAt > this.now ? doc : undefined
  }

  since(after: { epoch: string; sequence: number }, limit: number, key?: string): object {
    this.touch()
    const { log, sequence, epoch } = this.state
    if (!this.#holds(after)) return { status: 'unknown-position', changes: [] }
    const kept = log.slice(Math.max(0, log.length - this.#limits.maxChanges))
    if (after.sequence < sequence - kept.length) return { status: 'truncated', changes: [] }
    const all = kept.filter((change) => change.sequence > after.sequence && (key === undefined || change.key === key))
    const changes = all.slice(0, limit).map((change) => ({ ...change, epoch }))
    return { status: 'page', changes, upTo: all.length > limit ? changes.at(-1)?.sequence : sequence }
  }

  slide(key: string, ttl: number): void {
    this.touch()
    const doc = this.doc(key)
    if (doc) doc.expiresAt = this.now + ttl
  }

  loseTail(n: number): void {
    for (let i = 0; i < n; i++) this.state = this.#past.pop() ?? this.state
    this.identity++
  }

  commit(request: CommitRequest): OracleAnswer {
    this.touch()
    const { answers, epoch } = this.state
    const half = Math.floor(this.#limits.maxOpResults / 2)
    const rotations = Math.max(0, Math.ceil(answers.length / half) - 1)
    const floor = Math.max(0, rotations - 1) * half
    const { id, attempt, idOrigin } = request.op
    const known = answers.slice(floor).filter((each) => each.id === id)
    for (const each of known.reverse()) {
      if (each.answer.status !== 'conflict' || attempt <= each.attempt) return each.answer
    }
    const fork = this.state.lineage.find((each) => each.epoch === idOrigin.epoch)
    if (idOrigin.epoch !== epoch && !fork) return { status: 'op-expired' }
    if (
      Math.min(idOrigin.opResultCount, idOrigin.epoch === epoch ? idOrigin.opResultCount : (fork?.opResultCount ?? 0)) <
      floor
    )
      return { status: 'op-expired' }
    if (request.epoch !== epoch) return { status: 'stale-epoch' }

    const before = structuredClone(this.state)
    const answer = this.#execute(request)
    if (answer.status === 'committed') this.#past = [...this.#past, before].slice(-this.#limits.maxUndoCommits)
    this.state.answers.push({ id, attempt, answer })
    return answer
  }

  #execute(request: CommitRequest): OracleAnswer {
    const state = this.state
    const doc = this.doc(request.ref.key)
    const current = { generation: doc?.generation ?? 0, version: doc?.version ?? 0 }
    if (!this.#met(request, doc)) return { status: 'conflict', current }
    if (!doc && !request.allowCreate && request.action === 'write') return { status: 'conflict', current }
    const next: OracleDocument = doc
      ? structuredClone(doc)
      : { generation: state.sequence + 1, version: 0, floor: 0, fields: {}, expiresAt: 0 }
    const edits = request.action === 'delete' ? 'removed' : this.#edit(next, request, doc)
    if (doc && edits.length === 0) return { status: 'unchanged', current }
    state.sequence++
    next.version++
    next.expiresAt = request.ttl === undefined ? Number.POSITIVE_INFINITY : this.now + request.ttl
    const change: Change = {
      key: request.ref.key,
      epoch: state.epoch,
      origin: request.origin,
      generation: next.generation,
      version: next.version,
      sequence: state.sequence,
      time: this.now,
      edits,
    }
    if (request.action === 'delete') delete state.docs[request.ref.key]
    else state.docs[request.ref.key] = next
    state.log.push(change)
    return {
      status: 'committed',
      change,
      generation: next.generation,
      version: next.version,
      existed: doc !== undefined,
    }
  }

  #edit(next: OracleDocument, request: CommitRequest, doc: OracleDocument | undefined): FieldEdit[] {
    const edits: FieldEdit[] = []
    const named = request.fields.map(({ field }) => field)
    const others =
      request.otherFields === 'remove' ? Object.keys(next.fields).filter((field) => !named.includes(field)) : []
    const floor = next.floor
    for (const { field, whole, delta } of [
      ...request.fields,
      ...others.map((field) => ({ field }) as CommitRequest['fields'][number]),
    ]) {
      const old = doc?.fields[field]
      if (whole !== undefined) {
        const version = (old?.version ?? floor) + 1
        next.fields[field] = { text: whole, version }
        const inner = delta && old && old.version === delta.base && request.expect?.generation === doc?.generation
        if (inner)
          edits.push({ field, version, kind: 'delta', ops: [{ op: 'replace', path: '', value: JSON.parse(whole) }] })
        else edits.push({ field, version, kind: 'whole', value: JSON.parse(whole) })
      } else if (old) {
        delete next.fields[field]
        next.floor = Math.max(next.floor, old.version + 1)
        edits.push({ field, version: old.version + 1, kind: 'removed' })
      }
    }
    return edits
  }

  #met({ expect }: CommitRequest, doc: OracleDocument | undefined): boolean {
    if (!expect || (expect.generation === undefined && expect.version === undefined && !expect.fields)) return true
    if (!this.#holds(expect.readAt)) return false
    if (expect.generation !== undefined && expect.generation !== (doc?.generation ?? 0)) return false
    if (expect.version !== undefined && expect.version !== (doc?.version ?? 0)) return false
    return Object.entries(expect.fields ?? {}).every(
      ([field, n]) => n === (doc?.fields[field]?.version ?? doc?.floor ?? 0),
    )
  }

  #holds(at: { epoch: string; sequence: number }): boolean {
    if (at.epoch === this.state.epoch) return true
    return this.state.lineage.some((fork) => fork.epoch === at.epoch && at.sequence <= fork.sequence)
  }

  #mint(): void {
    const { epoch, sequence, answers, lineage } = this.state
    const chain = [...lineage, { epoch, sequence, opResultCount: answers.length }]
    this.state.lineage = chain.slice(Math.max(0, chain.length - this.#limits.lineageDepth))
    this.state.knownIdentity = this.identity
    this.state.epoch = this.#limits.mint()
  }
}

/** Returns a result in the oracle's terms, which omit a conflict's reason. */
export function comparable(result: CommitResult, change: Change | undefined): OracleAnswer {
  if (result.status === 'committed') {
    const { generation, version, existed } = result
    return { status: 'committed', change, generation, version, existed }
  }
  if (result.status === 'unchanged' || result.status === 'conflict')
    return { status: result.status, current: result.current }
  return { status: result.status }
}
