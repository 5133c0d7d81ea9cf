/** What `promise` comes to, unless the signal aborts first. @throws the signal's reason */
export async function abortable<R>(promise: Promise<R>, signal: AbortSignal): Promise<R> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([aborted.promise, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The same values, until the signal aborts: also while the source is being asked. @throws the signal's reason */
export async function* abortableIterator<V>(
  source: AsyncIterable<V> | Iterable<V>,
  signal: AbortSignal,
): AsyncGenerator<V, void, void> {
  const iterator = iteratorOf(source)
  let isFinished = false
  try {
    for (;;) {
      const next = await abortable(Promise.resolve(iterator.next()), signal)
      isFinished = next.done === true
      if (next.done) return
      yield next.value
    }
  } finally {
    // one that does not answer is not waited for
    if (!isFinished) Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

const iteratorOf = <V>(source: AsyncIterable<V> | Iterable<V>): AsyncIterator<V> | Iterator<V> =>
  Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
