import { AbortedError, ArgumentError, ClosedError, SyncError } from '@sync/core'
import {
  type CommitRequest,
  type CommitResult,
  checkDocument,
  checkRequest,
  checkScope,
  checkSection,
  checkTtl,
  type DocumentRef,
  type Head,
  type HeadQuestion,
  type InCommitPublisher,
  isDocumentRef,
  type Loaded,
  type LogPage,
  type Place,
  type Scope,
  type SectionRef,
  type Store,
  type StoreCapabilities,
  type TouchRequest,
  wholeNumber,
} from '@sync/core/adapter'
import { isSameServer } from '../connection/cluster-identity.ts'
import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { storeError } from '../errors.ts'
import { documentKey, outboxChannel, outboxIndex, sectionName } from '../names.ts'
import { inCalls } from './calls.ts'
import { candidates } from './candidates.ts'
import { headOf } from './change-head.ts'
import { commitAnswer, isNews } from './commit-answer.ts'
import { commitArgs } from './commit-args.ts'
import { scanKeys } from './keys.ts'
import { commitLua } from './lua/commit.ts'
import { headsLua } from './lua/heads.ts'
import { loadLua } from './lua/load.ts'
import { sinceLua } from './lua/since.ts'
import { touchLua } from './lua/touch.ts'
import { Sections } from './sections.ts'
import { type Publishing, type StoreSettings, settingsArg } from './settings.ts'
import { storedDocument } from './stored-document.ts'

const scripts = {
  commit: new Script(commitLua),
  load: new Script(loadLua),
  since: new Script(sinceLua),
  heads: new Script(headsLua),
  touch: new Script(touchLua),
}

/** The most per script call: the server does nothing else meanwhile. */
const MOST_LOADED = 100
const MOST_ASKED = 500
const MOST_COMMITTED = 1_000

/** How commits are published by their script (see `publishers` there), on one server and in a cluster. */
const METHODS: Readonly<Record<string, { readonly [at in 'server' | 'cluster']?: Publishing['command'] }>> = {
  'redis:publish': { server: 'PUBLISH', cluster: 'SPUBLISH' },
  'redis:xadd': { server: 'XADD', cluster: 'XADD SPUBLISH' },
}

/** A store on one Redis. */
export class RedisStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #connection: Promise<Connection>
  readonly #settings: StoreSettings
  readonly #reading: string
  readonly #nextCandidate = candidates()
  #publisher: InCommitPublisher | undefined
  #writes: { readonly publisher: InCommitPublisher; readonly text: string } | undefined
  #closed = false

  constructor(connection: Promise<Connection>, settings: StoreSettings) {
    this.#connection = connection
    // whoever calls first hears of it
    connection.catch(() => {})
    this.#settings = settings
    this.#reading = settingsArg(settings)
    const { maxCommitBytes } = settings
    this.capabilities = Object.freeze({ ttl: { granularityMs: 1 }, durability: 'process', maxCommitBytes })
  }

  publishInCommit(publisher: InCommitPublisher): void {
    if (METHODS[publisher.method] && this.#settings.publish === 'writer') this.#publisher = publisher
  }

  async load(refs: readonly DocumentRef[]): Promise<Loaded[]> {
    for (const ref of refs) checkDocument(ref)
    return this.#inCalls(
      refs,
      MOST_LOADED,
      (ref) => ref,
      (connection, part) => this.#load(connection, part),
    )
  }

  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    this.#refuseIfClosed()
    const sound: CommitRequest[] = []
    const refusals = group.map((request) => {
      const error = this.#whatIsWrong(request)
      if (!error) sound.push(request)
      return error
    })
    const answered = await this.#inCalls(
      sound,
      MOST_COMMITTED,
      ({ ref }) => ref,
      (connection, part) => this.#commit(connection, part),
      'unknown',
    )
    if (sound.length === group.length) return answered
    let answer = 0
    return group.map((request, at) => {
      const error = refusals[at]
      if (!error) return answered[answer++] as CommitResult
      return { status: 'failed', error, standing: { epoch: request.epoch, sequence: 0, answers: 0, lineage: [] } }
    })
  }

  async changesSince(scope: Scope, after: Place, limit: number): Promise<LogPage> {
    checkScope(scope)
    wholeNumber(limit, 'limit', 1)
    const { epoch, sequence } = after
    const key = isDocumentRef(scope) ? scope.key : undefined
    return this.#call(async (connection) => {
      const sections = new Sections(connection.layout)
      sections.indexOf(scope)
      const asked = [epoch, `${sequence}`, `${limit}`, key === undefined ? '' : JSON.stringify(key)]
      const args = [this.#reading, ...sections.args(this.#nextCandidate()), ...asked]
      const reply = await scripts.since.run(connection, sections.keys, args)
      const { standings, rest } = sections.read(reply)
      const [standing] = standings
      if (!standing) throw new TypeError('no standing')
      const [status, upTo, ...parts] = rest
      if (status !== 'page') {
        return { standing, status: status as 'truncated' | 'elsewhere', changes: [], upTo: sequence }
      }
      const changes = Array.from({ length: parts.length / 2 }, (_, n) => {
        const [text = '', origin = '""'] = parts.slice(n * 2)
        return { ...headOf(text), epoch: standing.epoch, origin: JSON.parse(origin) as string, text }
      })
      return { standing, status, changes, upTo: Number(upTo) }
    })
  }

  async heads(asked: readonly HeadQuestion[]): Promise<Head[]> {
    for (const { scope } of asked) checkScope(scope)
    return this.#inCalls(
      asked,
      MOST_ASKED,
      ({ scope }) => scope,
      (connection, part) => this.#heads(connection, part),
    )
  }

  async touch(requests: readonly TouchRequest[]): Promise<void> {
    for (const { ref, ttl } of requests) {
      checkDocument(ref)
      checkTtl(ttl)
    }
    await this.#inCalls(
      requests,
      MOST_ASKED,
      ({ ref }) => ref,
      (connection, part) => this.#touch(connection, part),
    )
  }

  async *keys(
    section: SectionRef,
    options: { readonly prefix?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<string, undefined> {
    checkSection(section)
    const { prefix = '', signal } = options
    const check = (): void => {
      this.#refuseIfClosed()
      if (signal?.aborted) throw new AbortedError('keys: aborted', { cause: signal.reason, address: section })
    }
    check()
    // a search passes no fence: it is passed before
    await this.heads([{ scope: section }])
    let cursor = '0'
    do {
      const page = await this.#call((connection) => scanKeys(connection, section, cursor))
      cursor = page.cursor
      for (const key of page.keys) {
        check()
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

  async #load(connection: Connection, refs: readonly DocumentRef[]): Promise<Loaded[]> {
    const { layout } = connection
    const sections = new Sections(layout)
    const indexes = refs.map((ref) => sections.indexOf(ref))
    const keys = [...sections.keys, ...refs.map((ref) => documentKey(ref, layout))]
    const args = [this.#reading, ...sections.args(this.#nextCandidate()), ...indexes.map(String)]
    const { standings, rest } = sections.read(await scripts.load.run(connection, keys, args))
    return indexes.map((index, at) => {
      const standing = standings[index - 1] as Loaded['standing']
      const [ttl = '', hash = ''] = rest.slice(at * 2, at * 2 + 2)
      return hash === '' ? { standing } : { standing, document: storedDocument(ttl, hash) }
    })
  }

  async #commit(connection: Connection, group: readonly CommitRequest[]): Promise<CommitResult[]> {
    const { layout } = connection
    const sections = new Sections(layout)
    const indexes = group.map(({ ref }) => sections.indexOf(ref))
    const destinations = sections.refs.map((ref) => this.#destinationOf(ref, connection))
    const keys = [...sections.keys, ...group.map(({ ref }) => documentKey(ref, layout))]
    const args = [
      this.#writing(connection, sections.refs, destinations),
      ...sections.args(this.#nextCandidate()),
      ...destinations,
      ...commitArgs(group, indexes),
    ]
    const { standings, rest } = sections.read(await scripts.commit.run(connection, keys, args))
    if (isNews(rest[0])) for (const ref of sections.refs) this.#tellRelay(connection, ref)
    return group.map((request, at) => {
      const standing = standings[(indexes[at] as number) - 1] as CommitResult['standing']
      return commitAnswer(request, standing, rest[at * 2] as string, rest[at * 2 + 1] as string)
    })
  }

  async #heads(connection: Connection, asked: readonly HeadQuestion[]): Promise<Head[]> {
    const { layout } = connection
    const sections = new Sections(layout)
    const indexes = asked.map(({ scope }) => sections.indexOf(scope))
    const keys = [...sections.keys]
    const questions = asked.flatMap(({ scope, shown }, at) => {
      const document = isDocumentRef(scope) ? keys.push(documentKey(scope, layout)) : 0
      return [`${indexes[at]}`, `${document}`, shown?.epoch ?? '', `${shown?.sequence ?? 0}`]
    })
    const args = [this.#reading, ...sections.args(this.#nextCandidate()), `${asked.length}`, ...questions]
    const { standings, rest } = sections.read(await scripts.heads.run(connection, keys, args))
    return asked.map(({ scope }, at) => {
      const standing = standings[(indexes[at] as number) - 1] as Head['standing']
      if (!isDocumentRef(scope)) return { standing }
      const [generation = 0, version = 0] = (rest[at] ?? '').split(' ').map(Number)
      return { standing, document: { generation, version } }
    })
  }

  async #touch(connection: Connection, requests: readonly TouchRequest[]): Promise<undefined[]> {
    const { layout } = connection
    const sections = new Sections(layout)
    for (const { ref } of requests) sections.indexOf(ref)
    const keys = [...sections.keys, ...requests.map(({ ref }) => documentKey(ref, layout))]
    const ttls = requests.map(({ ttl }) => `${Math.ceil(ttl)}`)
    await scripts.touch.run(connection, keys, [this.#reading, ...sections.args(this.#nextCandidate()), ...ttls])
    return []
  }

  /** The settings of a call that commits: mostly the same as last time. */
  #writing(
    { database, layout }: Connection,
    [section]: readonly SectionRef[],
    destinations: readonly string[],
  ): string {
    const publisher = this.#publisher
    const command = publisher && METHODS[publisher.method]?.[layout.cluster ? 'cluster' : 'server']
    if (command && destinations.some((to) => to !== '')) {
      if (this.#writes?.publisher !== publisher)
        this.#writes = { publisher, text: settingsArg(this.#settings, { ...publisher, command }) }
      return this.#writes.text
    }
    if (this.#settings.publish === 'writer' || !section) return this.#reading
    // a script in a cluster reaches no channel of another slot, or else the lines between all nodes: there the relay is told afterwards
    const channel = layout.cluster ? '' : outboxChannel(database)
    return settingsArg(this.#settings, { outbox: [outboxIndex(section, layout), channel] })
  }

  /** What is not heard is found by the relay's next look. */
  #tellRelay(connection: Connection, ref: SectionRef): void {
    const channel = outboxChannel(connection.database)
    connection.send(['SPUBLISH', channel, sectionName(ref, connection.layout)], channel).catch(() => {})
  }

  /** Who publishes is decided per call: only where both connections lead to one server, or cluster, right now. Empty: not the commit. */
  #destinationOf({ partition, section }: SectionRef, { server }: Connection): string {
    const publisher = this.#publisher
    const same = publisher && isSameServer(publisher.serverOf(partition), server)
    return same ? publisher.destination({ partition, section }) : ''
  }

  #whatIsWrong(request: CommitRequest): SyncError | undefined {
    try {
      checkRequest(request, this.#settings.maxCommitBytes)
      return undefined
    } catch (cause) {
      return cause instanceof SyncError ? cause : new ArgumentError('not a commit request', { cause })
    }
  }

  #inCalls<I, O>(
    items: readonly I[],
    most: number,
    sectionOf: (item: I) => SectionRef,
    call: (connection: Connection, part: readonly I[]) => Promise<O[]>,
    committed: 'no' | 'unknown' = 'no',
  ): Promise<O[]> {
    return this.#call(
      (connection) => inCalls(items, { layout: connection.layout, most, sectionOf }, (part) => call(connection, part)),
      committed,
    )
  }

  async #call<R>(work: (connection: Connection) => Promise<R>, committed: 'no' | 'unknown' = 'no'): Promise<R> {
    this.#refuseIfClosed()
    const connection = await this.#connection
    try {
      return await work(connection)
    } catch (cause) {
      if (this.#closed && !(cause instanceof SyncError)) throw closed(cause)
      throw storeError(cause, connection, committed)
    }
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw closed()
  }
}

const closed = (cause?: unknown): ClosedError => new ClosedError('the store is closed', { cause })
