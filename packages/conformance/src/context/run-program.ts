import { spawn } from 'node:child_process'
import process from 'node:process'
import { Violation } from '../checkers/assertions.ts'

/** How long a program may take, in ms of the machine's time. It has to start too, which takes seconds where much else runs. */
const PROGRAM_TIMEOUT_MS = 30_000

/** Runs a program in a process of its own. @throws Violation if it does not end by itself, or ends badly */
export function runProgram(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Violation(`the program has not ended after ${PROGRAM_TIMEOUT_MS} ms`))
    }, PROGRAM_TIMEOUT_MS)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      if (code === 0) resolve()
      else reject(new Violation(`the program ended with ${code}: ${stderr.trim().split('\n').slice(-3).join(' ')}`))
    })
  })
}
