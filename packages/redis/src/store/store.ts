import { AbortedError, ArgumentError, ClosedError, isSyncError, type SyncError } from '@sync/core'
import {
  assertCommitRequest,
  assertDocumentRef,
  assertInteger,
  assertScope,
  assertSectionRef,
  assertTtl,
  type CommitRequest,
  type CommitResult,
  type DocumentRef,
  type Head,
  type HeadQuery,
  type InCommitPublisher,
  isDocumentRef,
  type LoadResult,
  type LogPage,
  type LogPosition,
  type Scope,
  type SectionRef,
  type Store,
  type StoreCapabilities,
  type TouchRequest,
} from '@sync/core/adapter'
import { isSameServer } from '../connection/cluster-identity.ts'
import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { toStoreError } from '../errors.ts'
import { documentKey, outboxChannel, outboxIndex, sectionName } from '../names.ts'
import { parseChangeHead } from './change-head.ts'
import { encodeCommitArgs } from './commit-args.ts'
import { needsRelayNotice, parseCommitReply } from './commit-reply.ts'
import { epochIdGenerator } from './epoch-ids.ts'
import { commitLua } from './lua/commit.ts'
import { headsLua } from './lua/heads.ts'
import { loadLua } from './lua/load.ts'
import { sinceLua } from './lua/since.ts'
import { touchLua } from './lua/touch.ts'
import { scanKeys } from './scan-keys.ts'
import { SectionArgs } from './section-args.ts'
import { encodeSettings, type InCommitPublishing, type StoreSettings } from './settings.ts'
import { batchBySlot } from './slot-batches.ts'
import { parseStoredDocument } from './stored-document.ts'

const scripts = {
  commit: new Script(commitLua),
  load: new Script(loadLua),
  since: new Script(sinceLua),
  heads: new Script(headsLua),
  touch: new Script(touchLua),
}

/** Limits per script call. The server is blocked while a script runs. */
const MAX_LOADS_PER_CALL = 100
const MAX_REFS_PER_CALL = 500
const MAX_COMMITS_PER_CALL = 1_000

/** Publish command of the commit script (see `publishers` there) by transport, on one server and in a cluster. */
const PUBLISH_COMMANDS: Readonly<
  Record<string, { readonly [at in 'server' | 'cluster']?: InCommitPublishing['command'] }>
> = {
  'redis:publish': { server: 'PUBLISH', cluster: 'SPUBLISH' },
  'redis:xadd': { server: 'XADD', cluster: 'XADD SPUBLISH' },
}

/** A store on one Redis server or cluster. */
export class RedisStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #connection: Promise<Connection>
  readonly #settings: StoreSettings
  readonly #readSettings: string
  readonly #nextEpochId = epochIdGenerator()
  #publisher: InCommitPublisher | undefined
  #cachedPublishSettings: { readonly publisher: InCommitPublisher; readonly text: string } | undefined
  #closed = false

  constructor(connection: Promise<Connection>, settings: StoreSettings) {
    this.#connection = connection
    // a failure reaches the caller through the first call
    connection.catch(() => {})
    this.#settings = settings
    this.#readSettings = encodeSettings(settings)
    const { maxCommitBytes } = settings
    this.capabilities = Object.freeze({ ttl: { granularityMs: 1 }, durability: 'process', maxCommitBytes })
  }

  publishInCommit(publisher: InCommitPublisher): void {
    if (PUBLISH_COMMANDS[publisher.method] && this.#settings.publish === 'writer') this.#publisher = publisher
  }

  async load(refs: readonly DocumentRef[]): Promise<LoadResult[]> {
    for (const ref of refs) assertDocumentRef(ref)
    return this.#batched(
      refs,
      MAX_LOADS_PER_CALL,
      (ref) => ref,
      (connection, part) => this.#load(connection, part),
    )
  }

  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    this.#assertOpen()
    const valid: CommitRequest[] = []
    const errors = group.map((request) => {
      const error = this.#validate(request)
      if (!error) valid.push(request)
      return error
    })
    const results = await this.#batched(
      valid,
      MAX_COMMITS_PER_CALL,
      ({ ref }) => ref,
      (connection, part) => this.#commit(connection, part),
      'unknown',
    )
    if (valid.length === group.length) return results
    let nextResult = 0
    return group.map((request, at) => {
      const error = errors[at]
      if (!error) return results[nextResult++] as CommitResult
      return { status: 'failed', error, state: { epoch: request.epoch, sequence: 0, opResultCount: 0, ancestors: [] } }
    })
  }

  async changesSince(scope: Scope, after: LogPosition, limit: number): Promise<LogPage> {
    assertScope(scope)
    assertInteger(limit, 'limit', 1)
    const { epoch, sequence } = after
    const key = isDocumentRef(scope) ? scope.key : undefined
    return this.#call(async (connection) => {
      const sections = new SectionArgs(connection.layout)
      sections.indexOf(scope)
      const query = [epoch, `${sequence}`, `${limit}`, key === undefined ? '' : JSON.stringify(key)]
      const args = [this.#readSettings, ...sections.args(this.#nextEpochId()), ...query]
      const reply = await scripts.since.run(connection, sections.keys, args)
      const { states, rest } = sections.parseReply(reply)
      const [state] = states
      if (!state) throw new TypeError('expected a section state in the reply')
      const [status, upTo, ...parts] = rest
      if (status !== 'page') {
        return { state, status: status as 'truncated' | 'unknown-position', changes: [], upTo: sequence }
      }
      const changes = Array.from({ length: parts.length / 2 }, (_, n) => {
        const [text = '', origin = '""'] = parts.slice(n * 2)
        return { ...parseChangeHead(text), epoch: state.epoch, origin: JSON.parse(origin) as string, text }
      })
      return { state, status, changes, upTo: Number(upTo) }
    })
  }

  async heads(queries: readonly HeadQuery[]): Promise<Head[]> {
    for (const { scope } of queries) assertScope(scope)
    return this.#batched(
      queries,
      MAX_REFS_PER_CALL,
      ({ scope }) => scope,
      (connection, part) => this.#heads(connection, part),
    )
  }

  async touch(requests: readonly TouchRequest[]): Promise<void> {
    for (const { ref, ttl } of requests) {
      assertDocumentRef(ref)
      assertTtl(ttl)
    }
    await this.#batched(
      requests,
      MAX_REFS_PER_CALL,
      ({ ref }) => ref,
      (connection, part) => this.#touch(connection, part),
    )
  }

  async *keys(
    section: SectionRef,
    options: { readonly prefix?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<string, undefined> {
    assertSectionRef(section)
    const { prefix = '', signal } = options
    const throwIfStopped = (): void => {
      this.#assertOpen()
      if (signal?.aborted) throw new AbortedError('keys: aborted', { cause: signal.reason, address: section })
    }
    throwIfStopped()
    // a scan runs outside the scripts: this call lets the store detect lost data first
    await this.heads([{ scope: section }])
    let cursor = '0'
    do {
      const page = await this.#call((connection) => scanKeys(connection, section, cursor))
      cursor = page.cursor
      for (const key of page.keys) {
        throwIfStopped()
        if (key.startsWith(prefix)) yield key
      }
    } while (cursor !== '0')
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#connection.then(
      (connection) => connection.close(),
      () => {},
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #load(connection: Connection, refs: readonly DocumentRef[]): Promise<LoadResult[]> {
    const { layout } = connection
    const sections = new SectionArgs(layout)
    const indexes = refs.map((ref) => sections.indexOf(ref))
    const keys = [...sections.keys, ...refs.map((ref) => documentKey(ref, layout))]
    const args = [this.#readSettings, ...sections.args(this.#nextEpochId()), ...indexes.map(String)]
    const { states, rest } = sections.parseReply(await scripts.load.run(connection, keys, args))
    return indexes.map((index, at) => {
      const state = states[index - 1] as LoadResult['state']
      const [ttl = '', hash = ''] = rest.slice(at * 2, at * 2 + 2)
      return hash === '' ? { state } : { state, document: parseStoredDocument(ttl, hash) }
    })
  }

  async #commit(connection: Connection, group: readonly CommitRequest[]): Promise<CommitResult[]> {
    const { layout } = connection
    const sections = new SectionArgs(layout)
    const indexes = group.map(({ ref }) => sections.indexOf(ref))
    const destinations = sections.refs.map((ref) => this.#destinationOf(ref, connection))
    const keys = [...sections.keys, ...group.map(({ ref }) => documentKey(ref, layout))]
    const args = [
      this.#commitSettings(connection, sections.refs, destinations),
      ...sections.args(this.#nextEpochId()),
      ...destinations,
      ...encodeCommitArgs(group, indexes),
    ]
    const { states, rest } = sections.parseReply(await scripts.commit.run(connection, keys, args))
    if (needsRelayNotice(rest[0])) for (const ref of sections.refs) this.#notifyRelay(connection, ref)
    return group.map((request, at) => {
      const state = states[(indexes[at] as number) - 1] as CommitResult['state']
      return parseCommitReply(request, state, rest[at * 2] as string, rest[at * 2 + 1] as string)
    })
  }

  async #heads(connection: Connection, queries: readonly HeadQuery[]): Promise<Head[]> {
    const { layout } = connection
    const sections = new SectionArgs(layout)
    const indexes = queries.map(({ scope }) => sections.indexOf(scope))
    const keys = [...sections.keys]
    const queryArgs = queries.flatMap(({ scope, highestSeen }, at) => {
      const document = isDocumentRef(scope) ? keys.push(documentKey(scope, layout)) : 0
      return [`${indexes[at]}`, `${document}`, highestSeen?.epoch ?? '', `${highestSeen?.sequence ?? 0}`]
    })
    const args = [this.#readSettings, ...sections.args(this.#nextEpochId()), `${queries.length}`, ...queryArgs]
    const { states, rest } = sections.parseReply(await scripts.heads.run(connection, keys, args))
    return queries.map(({ scope }, at) => {
      const state = states[(indexes[at] as number) - 1] as Head['state']
      if (!isDocumentRef(scope)) return { state }
      const [generation = 0, version = 0] = (rest[at] ?? '').split(' ').map(Number)
      return { state, document: { generation, version } }
    })
  }

  async #touch(connection: Connection, requests: readonly TouchRequest[]): Promise<undefined[]> {
    const { layout } = connection
    const sections = new SectionArgs(layout)
    for (const { ref } of requests) sections.indexOf(ref)
    const keys = [...sections.keys, ...requests.map(({ ref }) => documentKey(ref, layout))]
    const ttls = requests.map(({ ttl }) => `${Math.ceil(ttl)}`)
    await scripts.touch.run(connection, keys, [this.#readSettings, ...sections.args(this.#nextEpochId()), ...ttls])
    return []
  }

  /** Returns the encoded settings of a commit call. Cached, because they rarely change. */
  #commitSettings(
    { database, layout }: Connection,
    [section]: readonly SectionRef[],
    destinations: readonly string[],
  ): string {
    const publisher = this.#publisher
    const command = publisher && PUBLISH_COMMANDS[publisher.method]?.[layout.cluster ? 'cluster' : 'server']
    if (command && destinations.some((destination) => destination !== '')) {
      if (this.#cachedPublishSettings?.publisher !== publisher)
        this.#cachedPublishSettings = { publisher, text: encodeSettings(this.#settings, { ...publisher, command }) }
      return this.#cachedPublishSettings.text
    }
    if (this.#settings.publish === 'writer' || !section) return this.#readSettings
    // in a cluster, a script cannot publish on another slot's sharded channel, and a plain channel would be broadcast to all nodes:
    // there the writer notifies the relay after the commit
    const channel = layout.cluster ? '' : outboxChannel(database)
    return encodeSettings(this.#settings, { outbox: [outboxIndex(section, layout), channel] })
  }

  /** Notifies relays of a section in the outbox. If that fails, the relay's next poll finds it. */
  #notifyRelay(connection: Connection, ref: SectionRef): void {
    const channel = outboxChannel(connection.database)
    connection.send(['SPUBLISH', channel, sectionName(ref, connection.layout)], channel).catch(() => {})
  }

  /**
   * Returns the destination on which the commit publishes, or an empty string if it must not. Decided per call: both connections
   * must currently lead to the same server or cluster.
   */
  #destinationOf({ partition, section }: SectionRef, { serverId }: Connection): string {
    const publisher = this.#publisher
    const same = publisher && isSameServer(publisher.serverFor(partition), serverId)
    return same ? publisher.destination({ partition, section }) : ''
  }

  #validate(request: CommitRequest): SyncError | undefined {
    try {
      assertCommitRequest(request, this.#settings.maxCommitBytes)
      return undefined
    } catch (cause) {
      return isSyncError(cause) ? cause : new ArgumentError('expected a commit request', { cause })
    }
  }

  #batched<I, O>(
    items: readonly I[],
    maxBatchSize: number,
    sectionOf: (item: I) => SectionRef,
    call: (connection: Connection, part: readonly I[]) => Promise<O[]>,
    committed: 'no' | 'unknown' = 'no',
  ): Promise<O[]> {
    return this.#call(
      (connection) =>
        batchBySlot(items, { layout: connection.layout, maxBatchSize, sectionOf }, (part) => call(connection, part)),
      committed,
    )
  }

  async #call<R>(work: (connection: Connection) => Promise<R>, committed: 'no' | 'unknown' = 'no'): Promise<R> {
    this.#assertOpen()
    const connection = await this.#connection
    try {
      return await work(connection)
    } catch (cause) {
      if (this.#closed && !isSyncError(cause)) throw storeClosedError(cause)
      throw toStoreError(cause, connection, committed)
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw storeClosedError()
  }
}

const storeClosedError = (cause?: unknown): ClosedError => new ClosedError('the store is closed', { cause })
