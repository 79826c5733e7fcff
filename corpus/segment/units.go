package segment

import (
	"strings"
	"sync"
)

// units are what spaCy splits off behind a digit (lang/char_classes.py, UNITS and CURRENCY). Its list runs two of them together,
// тб and كم, by an oversight: the first is none then, and the second stands in it elsewhere.
var units = sync.OnceValue(func() map[string]bool {
	of := make(map[string]bool)
	for unit := range strings.FieldsSeq("km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft " +
		"kg g mg µg t lb oz m/s km/h kmh mph hPa Pa mbar mb MB kb KB gb GB tb " +
		"TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм " +
		"кг г мг м/с км/ч кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ тбكم " +
		"كم² كم³ م م² م³ سم سم² سم³ مم مم² مم³ كم غرام جرام جم كغ ملغ كوب اكواب " +
		"$ £ € ¥ ฿ US$ C$ A$ ₽ ﷼ ₴ ₠ ₡ ₢ ₣ ₤ ₥ ₦ ₧ ₨ ₩ ₪ ₫ ₭ ₮ ₯ ₰ ₱ ₲ ₳ ₵ ₶ ₷ ₸ ₹ ₺ ₻ ₼ ₾ ₿") {
		of[unit] = true
	}
	return of
})

// longestUnit is the bytes of the longest unit, اكواب.
const longestUnit = 10
