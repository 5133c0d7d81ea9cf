import type { Diagnosis } from '@sync/core/adapter'
import { messageOf } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { CHANNEL_PREFIX, documentKey } from '../names.ts'
import type { UrlOptions } from './open-targets.ts'

type Command = readonly [name: string, ...args: string[]]

/** Asks the server whether the user may run each command, without running any. */
const CHECK_SCRIPT = `
local answers = {}
for i, text in ipairs(ARGV) do
  answers[i] = redis.acl_check_cmd(unpack(cjson.decode(text))) and 1 or 0
end
return answers`

/** Commands of the store's scripts and of the store itself. `k` is a key. */
const storeCommands = (k: string): readonly Command[] => [
  ['EVALSHA', 'digest', '1', k],
  ['PING'],
  ['INFO', 'server'],
  ['TIME'],
  ['SCAN', '0'],
  ['EXISTS', k],
  ['DEL', k],
  ['PERSIST', k],
  ['PEXPIRE', k, '1'],
  ['PTTL', k],
  ['GET', k],
  ['SET', k, 'v'],
  ['HSET', k, 'f', 'v'],
  ['HGET', k, 'f'],
  ['HMGET', k, 'f'],
  ['HGETALL', k],
  ['HDEL', k, 'f'],
  ['XADD', k, '*', 'f', 'v'],
  ['XRANGE', k, '-', '+'],
  ['XREVRANGE', k, '+', '-'],
  ['XTRIM', k, 'MAXLEN', '1'],
]

const pubsubCommands = (channel: string, cluster: boolean): readonly Command[] => [
  [cluster ? 'SPUBLISH' : 'PUBLISH', channel, 'm'],
  [cluster ? 'SSUBSCRIBE' : 'SUBSCRIBE', channel],
  [cluster ? 'SUNSUBSCRIBE' : 'UNSUBSCRIBE', channel],
]

const streamsCommands = (k: string, channel: string, cluster: boolean): readonly Command[] => [
  ['XADD', k, '*', 'f', 'v'],
  ['XRANGE', k, '-', '+'],
  ['XINFO', 'STREAM', k],
  ...(cluster
    ? pubsubCommands(channel, cluster)
    : ([
        ['XREAD', 'STREAMS', k, '$'],
        ['CLIENT', 'ID'],
        ['CLIENT', 'UNBLOCK', '1'],
      ] as const)),
]

const outboxCommands = (k: string): readonly Command[] => [
  ['ZADD', k, '1', 'm'],
  ['ZRANGE', k, '0', '-1'],
  ['ZSCORE', k, 'm'],
  ['ZREM', k, 'm'],
  ['ZCARD', k],
  ['INCR', k],
]

/** Checks the user's rights to the commands of store, bus and relay. Rights to single keys and channels are not checked. */
export async function* diagnoseRights(connection: Connection, options: UrlOptions): AsyncGenerator<Diagnosis> {
  const { layout } = connection
  const key = documentKey({ partition: 'sync-doctor', section: 'probe', key: 'k' }, layout)
  const channel = `${CHANNEL_PREFIX}:sync-doctor:probe`
  const streams = options.transport === 'streams'
  const bus = streams ? streamsCommands(key, channel, layout.cluster) : pubsubCommands(channel, layout.cluster)
  yield summarize('rights: store', await denied(connection, key, storeCommands(key)), 'fail')
  // a URL without `transport` may be that of a store alone
  const isBus = options.transport !== undefined
  yield summarize('rights: bus', await denied(connection, key, bus), isBus ? 'fail' : 'warn')
  if (options.publish === 'outbox')
    yield summarize('rights: relay', await denied(connection, key, outboxCommands(key)), 'fail')
}

/** Returns the names of the commands that the user may not run. */
async function denied(connection: Connection, key: string, commands: readonly Command[]): Promise<readonly string[]> {
  const texts = commands.map((command) => JSON.stringify(command))
  let answers: readonly unknown[]
  try {
    answers = (await connection.send(['EVAL', CHECK_SCRIPT, '0', ...texts])) as readonly unknown[]
  } catch (error) {
    return deniedCommand(error) ?? Promise.reject(error)
  }
  const names: string[] = []
  for (const [at, command] of commands.entries()) {
    if (Number(answers[at]) === 1) continue
    // denied, so nothing is executed: the answer tells a denied command from a denied key
    const error = await connection.send(command, key).catch((error: unknown) => error)
    names.push(...(deniedCommand(error) ?? []))
  }
  return names
}

/** Returns the command in a NOPERM answer, or `undefined` if the answer denies a key or a channel, or is another one. */
function deniedCommand(answer: unknown): readonly string[] | undefined {
  const text = messageOf(answer)
  const name = text.startsWith('NOPERM') ? /the '([^']+)' command/.exec(text)?.[1] : undefined
  return name === undefined ? undefined : [name]
}

function summarize(check: string, names: readonly string[], result: 'warn' | 'fail'): Diagnosis {
  if (names.length === 0) return { check, result: 'ok', detail: 'every command is permitted' }
  const remedy = `ACL SETUSER … ${names.map((name) => `+${name}`).join(' ')}`
  return { check, result, detail: `the user may not run ${names.join(', ')}`, remedy }
}
