import { describe, expect, test } from 'vitest'
import { codeBlocks, uncheckedFences } from './readme-blocks.ts'

const readme = (...lines: string[]) => ({ file: 'README.md', text: lines.join('\n') })

describe('codeBlocks(page)', () => {
  test('returns each block with the line of its fence and whether it runs', () => {
    const text = readme(
      '# Title',
      '```ts',
      'const a = 1',
      '```',
      '```sh',
      'ls',
      '```',
      '```ts run',
      'const b = 2',
      '```',
    )
    expect(codeBlocks(text)).toEqual([
      { file: 'README.md', line: 2, code: 'const a = 1\n', runnable: false },
      { file: 'README.md', line: 8, code: 'const b = 2\n', runnable: true },
    ])
    expect(uncheckedFences(text)).toEqual([])
  })
})

describe('uncheckedFences(page)', () => {
  test.each(['```js', '```typescript', '```ts no-check', '```tsx', '````ts', '  ```ts', '~~~ts'])(
    'reports the fence %s',
    (fence) => {
      expect(uncheckedFences(readme('', fence, 'nonsense(', '```'))).toHaveLength(1)
    },
  )
})
