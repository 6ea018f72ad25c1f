import { start } from '../ui/layout';
import { WritePage } from './write-page';

void start('write', () => <WritePage />);
