import { describe, expect, it } from 'vitest'
import { EventLog } from '../src/event-log.ts'

describe('EventLog', () => {
  it('counts a repeated event instead of adding a line, and orders lines by the last occurrence', () => {
    const log = new EventLog(60)
    log.add('a', 'a change is missing', 1)
    log.add('b', 'a change is missing', 2)
    log.add('a', 'a change is missing', 3)
    expect(log.lines).toEqual([
      { id: 2, at: 2, instance: 'b', text: 'a change is missing', times: 1 },
      { id: 1, at: 3, instance: 'a', text: 'a change is missing', times: 2 },
    ])
  })

  it('keeps only the latest lines', () => {
    const log = new EventLog(60)
    for (let i = 1; i <= 100; i++) log.add('a', `event ${i}`, i)
    expect(log.lines.length).toBe(60)
    expect(log.lines.at(-1)).toMatchObject({ id: 100, text: 'event 100' })
  })
})
