import { isJsonArray, isJsonContainer, isJsonObject, type Json, type JsonContainer } from '../model/json.ts'
import { failAt, type Location } from './location.ts'
import { addMember } from './object-shape.ts'
import { OwnedSet } from './owned-set.ts'
import { parseIndex } from './pointer.ts'

/** A container that this patch made, and may therefore change in place. */
type Draft = Json[] | Record<string, Json>

/** So many members are removed by copying the others; after that it is cheaper to mend the object once at the end. */
const MAX_COPY_REMOVALS = 8

/**
 * A document being patched: containers on the way to a change are copied once, all others keep their identity, and the
 * document it began from is never touched. Whoever made a container is its owner; what is above an owned one is owned.
 */
export class CopyOnWrite {
  #root: Json
  readonly #owned = new OwnedSet()
  /** Owned objects from which members were deleted: V8 keeps such an object as a hash table, at twice the memory. */
  #slowObjects: Set<JsonContainer> | undefined
  #removals = 0

  constructor(root: Json) {
    this.#root = root
  }

  /** The value there. @throws PatchError if there is none */
  get(at: Location): Json {
    return this.#walk(at, at.tokens.length)
  }

  /** RFC 6902, section 4.1: a new member or element, or a new value for a member that is there. */
  add(at: Location, value: Json): void {
    const last = at.tokens.length - 1
    if (last < 0) {
      this.#root = value
      return
    }
    const parent = this.#ownedContainer(at, last)
    const token = at.tokens[last] as string
    if (Array.isArray(parent)) {
      const index = insertionIndex(parent, token, at)
      if (index === parent.length) parent.push(value)
      else parent.splice(index, 0, value)
    } else if (Object.hasOwn(parent, token)) parent[token] = value
    else addMember(parent, token, value)
  }

  /** RFC 6902, section 4.3: another value for what is there. */
  replace(at: Location, value: Json): void {
    const last = at.tokens.length - 1
    if (last < 0) this.#root = value
    else {
      const parent = this.#ownedContainer(at, last)
      setMember(parent, keyOf(parent, at, last), value)
    }
  }

  /** RFC 6902, section 4.2. Returns what was there. */
  remove(at: Location): Json {
    const last = at.tokens.length - 1
    if (last < 0) failAt('bad-operation', at, 'the whole document cannot be removed')
    const parent = this.#walk(at, last)
    if (!isJsonContainer(parent)) return failAt('not-a-container', at, 'the way leads through a scalar')
    const key = keyOf(parent, at, last)
    const value = memberAt(parent, key)
    if (isJsonArray(parent)) (this.#ownedContainer(at, last) as Json[]).splice(key as number, 1)
    else if (this.#removals++ < MAX_COPY_REMOVALS) {
      const { [key]: _removed, ...others } = parent
      this.#owned.add(others)
      if (last === 0) this.#root = others
      else this.#replaceContainer(at, last, others)
    } else {
      const owned = this.#ownedContainer(at, last) as Record<string, Json>
      delete owned[key]
      this.#slowObjects ??= new Set()
      this.#slowObjects.add(owned)
    }
    return value
  }

  /** Makes a value fit to stand at a second place: no later change at either may show at the other. */
  share(value: Json): Json {
    if (isJsonContainer(value) && this.#owned.delete(value)) {
      for (const each of isJsonArray(value) ? value : Object.values(value)) this.share(each)
      Object.freeze(value)
    }
    return value
  }

  /** The patched document, frozen as far as it is new. Nothing may be changed after this. */
  finish(): Json {
    if (this.#slowObjects !== undefined) this.#root = this.#restoreFastLayout(this.#root, this.#slowObjects)
    this.#owned.freezeAll()
    return this.#root
  }

  /** What is there after the first `depth` tokens. */
  #walk(at: Location, depth: number): Json {
    let value = this.#root
    for (let i = 0; i < depth; i++) {
      if (!isJsonContainer(value)) return failAt('not-a-container', at, 'the way leads through a scalar')
      value = memberAt(value, keyOf(value, at, i))
    }
    return value
  }

  /** The container after the first `depth` tokens, owned, and all above it too. */
  #ownedContainer(at: Location, depth: number): Draft {
    let container = this.#ownedCopy(this.#root, at)
    this.#root = container
    for (let i = 0; i < depth; i++) {
      const key = keyOf(container, at, i)
      const found = memberAt(container, key)
      const draft = this.#ownedCopy(found, at)
      if (draft !== found) setMember(container, key, draft)
      container = draft
    }
    return container
  }

  #ownedCopy(value: Json, at: Location): Draft {
    if (!isJsonContainer(value)) return failAt('not-a-container', at, 'the way leads through a scalar')
    if (this.#owned.has(value)) return value as Draft
    // Spread keeps V8's fast layout; `slice` and `Object.assign` are 15 to 40 times slower on frozen sources.
    const copy: Draft = isJsonArray(value) ? [...value] : { ...value }
    this.#owned.add(copy)
    return copy
  }

  #replaceContainer(at: Location, depth: number, container: Json): void {
    const parent = this.#ownedContainer(at, depth - 1)
    setMember(parent, keyOf(parent, at, depth - 1), container)
  }

  #restoreFastLayout(value: Json, slowObjects: ReadonlySet<JsonContainer>): Json {
    if (!isJsonContainer(value) || !this.#owned.has(value)) return value
    const draft = value as Draft
    for (const key of Object.keys(draft)) {
      const found = memberAt(draft, key)
      const rebuilt = this.#restoreFastLayout(found, slowObjects)
      if (rebuilt !== found) setMember(draft, key, rebuilt)
    }
    if (!slowObjects.has(value)) return value
    const rebuilt: Draft = { ...(draft as Record<string, Json>) }
    this.#owned.add(rebuilt)
    return rebuilt
  }
}

/** Under which key the token at `depth` stands in this container. @throws PatchError unless it stands there */
function keyOf(container: JsonContainer, at: Location, depth: number): string | number {
  const token = at.tokens[depth] as string
  if (isJsonObject(container)) {
    if (Object.hasOwn(container, token)) return token
    return failAt('missing', at, `there is no member ${JSON.stringify(token)}`)
  }
  const index = parseIndex(token)
  if (index !== undefined && index < container.length) return index
  return failAt('index', at, `${JSON.stringify(token)} is no index of an array of ${container.length}`)
}

/** Where in the array an `add` puts its value: `-` stands for the end. */
function insertionIndex(array: readonly Json[], token: string, at: Location): number {
  const index = token === '-' ? array.length : parseIndex(token)
  if (index !== undefined && index <= array.length) return index
  return failAt('index', at, `nothing can be added at ${JSON.stringify(token)} to an array of ${array.length}`)
}

function memberAt(container: JsonContainer, key: string | number): Json {
  return (container as Record<string | number, Json>)[key] as Json
}

function setMember(container: Draft, key: string | number, value: Json): void {
  ;(container as Record<string | number, Json>)[key] = value
}
