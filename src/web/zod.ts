// zod without the code that it would write and evaluate, which a page's security policy forbids. Imported before anything that uses zod.
import { config } from 'zod';

config({ jitless: true });
