import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canTest } from '@sync/brokers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findRedis } from '../src/redis/find-redis.ts'
import { connectRedis } from './connect-redis.ts'
import { WAIT_OPTIONS } from './timeouts.ts'

/** Fake Docker: it runs every "container" as a process of this machine and logs its command lines. */
const FAKE_DOCKER = `#!/bin/sh
export PATH="$REAL_PATH"
echo "$@" >> "$DOCKER_STATE/commands"
pid() { cat "$DOCKER_STATE/$1"; }
case $1 in
  info) ;;
  run)
    while [ "$1" != --entrypoint ]; do
      [ "$1" = --name ] && echo $$ > "$DOCKER_STATE/$2"
      shift
    done
    shift 3
    LD_LIBRARY_PATH="$REAL_LIBRARIES" exec "$REAL_PROGRAM" "$@" ;;
  kill) [ -e "$DOCKER_STATE/$4.paused" ] && exit 1; kill -s "\${3#SIG}" "$(pid "$4")" ;;
  pause) kill -s STOP "$(pid "$2")" && : > "$DOCKER_STATE/$2.paused" ;;
  unpause) rm "$DOCKER_STATE/$2.paused"; kill -s CONT "$(pid "$2")" ;;
  rm) kill -s KILL "$(pid "$3")" ;;
  *) exit 1 ;;
esac
`

const enabled =
  process.platform === 'linux' && (await canTest('brokers in containers', { broker: 'redis', controllable: true }))
describe.runIf(enabled)('startRedis on a machine with only Docker', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sync-brokers-docker-'))
    const bin = join(folder, 'bin')
    await mkdir(bin)
    await mkdir(join(folder, 'tmp'))
    await writeFile(join(bin, 'docker'), FAKE_DOCKER)
    await chmod(join(bin, 'docker'), 0o755)
    for (const name of ['rm', 'sleep'])
      await symlink(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name))
    const { command, env } = await findRedis('redis')
    vi.stubEnv('REAL_PROGRAM', command)
    vi.stubEnv('REAL_LIBRARIES', env['LD_LIBRARY_PATH'] ?? '')
    vi.stubEnv('REAL_PATH', process.env['PATH'])
    vi.stubEnv('DOCKER_STATE', folder)
    vi.stubEnv('PATH', bin)
    vi.resetModules()
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  it('kills, pauses, stops and restarts a server in its container', async () => {
    const { startRedis } = await import('@sync/brokers')
    await using redis = await startRedis()
    expect(redis.source).toBe('the Docker image redis:7.0.15')
    await using before = connectRedis(redis.url)
    await before.set('kept', 'yes')
    await redis.pause()
    await using impatient = connectRedis(redis.url, { commandTimeout: 50 })
    await expect(impatient.ping()).rejects.toThrow('timed out')
    await redis.resume()
    expect(await before.get('kept')).toBe('yes')
    await redis.pause()
    await redis.kill()
    await redis.restart()
    await using after = connectRedis(redis.url)
    expect(await after.get('kept')).toBe('yes')
    await redis.stop()
    const commands = await readFile(join(folder, 'commands'), 'utf8')
    expect(commands).toMatch(
      /run --rm --name sync-brokers-\S+ --network host --user \S+ --volume (\S+):\1 --workdir \1 /,
    )
  })

  it('removes the container when the process that started it is killed', async () => {
    const parent = spawn(process.execPath, ['--conditions=@sync/source', join(import.meta.dirname, 'orphan.ts')], {
      env: { ...process.env, TMPDIR: join(folder, 'tmp') },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const url = `${(await once(parent.stdout, 'data'))[0]}`.trim()
    await using client = connectRedis(url)
    expect(await client.ping()).toBe('PONG')
    parent.kill('SIGKILL')
    await vi.waitFor(async () => expect(await readdir(join(folder, 'tmp'))).toEqual([]), WAIT_OPTIONS)
    expect(await readFile(join(folder, 'commands'), 'utf8')).toMatch(/^rm --force sync-brokers-\S+$/m)
  })
})
