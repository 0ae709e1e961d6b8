// A page that only says why there is nothing to show: the frame still is as high as its text.

import { followHeight } from './frame.js';

followHeight();
