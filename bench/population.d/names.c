/*
 * names.c
 *	  The names that bench/population gives to invented persons.
 *
 * Written down from general knowledge, not taken from any list of people.  A
 * name has its Latin spelling, that in the script of its region and, where
 * clerks disagree, another Latin one; it may be an old name or a new one.
 * Common names stand first: the one after r others has a weight of 1 / (r + 3).
 * What a full name is made of is a form, in which
 *
 *		G	given name				B	given name with the suffix of men or women
 *		F	father's or husband's	P	the same with the suffix of men
 *		S	surname					M	a word that men or women bear between or after
 *
 * and f and s are initials.  Every form has the given name in full, so that no
 * two of a family are called the same.  Of the words of women, the first is for
 * wives and the old: girls get another where there is one.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "population.h"

#define LIST(names) {names, sizeof(names) / sizeof(names[0])}

/* ---- the Hindi belt ---- */

static const Name hindi_men[] = {
	{"Ramesh", "रमेश"}, {"Sanjay", "संजय"}, {"Rajesh", "राजेश"}, {"Manoj", "मनोज"}, {"Sunil", "सुनील", "Suneel"},
	{"Anil", "अनिल"}, {"Rakesh", "राकेश"}, {"Vijay", "विजय", "Vijai"}, {"Ajay", "अजय", "Ajai"}, {"Santosh", "संतोष"},
	{"Mukesh", "मुकेश"}, {"Dinesh", "दिनेश"}, {"Suresh", "सुरेश"}, {"Vinod", "विनोद"}, {"Pramod", "प्रमोद"},
	{"Rahul", "राहुल", NULL, NEW}, {"Amit", "अमित"}, {"Deepak", "दीपक", "Dipak"}, {"Pankaj", "पंकज"}, {"Ram", "राम"},
	{"Arvind", "अरविंद", "Arvinda"}, {"Ashok", "अशोक"}, {"Mahesh", "महेश"}, {"Umesh", "उमेश"}, {"Vikas", "विकास", "Vikash"},
	{"Rohit", "रोहित", NULL, NEW}, {"Shivam", "शिवम", NULL, NEW}, {"Ravi", "रवि"}, {"Abhishek", "अभिषेक", NULL, NEW}, {"Akash", "आकाश", "Aakash", NEW},
	{"Naresh", "नरेश"}, {"Brijesh", "बृजेश", "Vrijesh"}, {"Shyam", "श्याम"}, {"Hari", "हरि"}, {"Gopal", "गोपाल"},
	{"Krishna", "कृष्णा", "Krishn"}, {"Devendra", "देवेंद्र", "Devender"}, {"Mahendra", "महेंद्र", "Mahender"}, {"Surendra", "सुरेंद्र", "Surender"},
	{"Jitendra", "जितेंद्र", "Jeetendra"}, {"Bhola", "भोला", NULL, OLD}, {"Ramswaroop", "रामस्वरूप", "Ramswarup", OLD}, {"Shivnath", "शिवनाथ", NULL, OLD},
	{"Kailash", "कैलाश", NULL, OLD}, {"Om", "ओम"}, {"Chhotelal", "छोटेलाल", "Chotelal", OLD}, {"Satish", "सतीश"}, {"Aditya", "आदित्य", NULL, NEW}
};
static const Name hindi_women[] = {
	{"Sunita", "सुनीता", "Suneeta"}, {"Anita", "अनीता", "Aneeta"}, {"Geeta", "गीता", "Gita"}, {"Rekha", "रेखा"}, {"Pooja", "पूजा", "Puja", NEW},
	{"Meena", "मीना", "Mina"}, {"Seema", "सीमा", "Sima"}, {"Mamta", "ममता", "Mamata"}, {"Kavita", "कविता"}, {"Neelam", "नीलम", "Nilam"},
	{"Priyanka", "प्रियंका", NULL, NEW}, {"Sangeeta", "संगीता", "Sangita"}, {"Savitri", "सावित्री", NULL, OLD}, {"Urmila", "उर्मिला", NULL, OLD}, {"Usha", "उषा"},
	{"Asha", "आशा"}, {"Poonam", "पूनम", "Punam"}, {"Rani", "रानी"}, {"Neha", "नेहा", NULL, NEW}, {"Jyoti", "ज्योति"},
	{"Lakshmi", "लक्ष्मी", "Laxmi"}, {"Kiran", "किरण"}, {"Ritu", "रितु"}, {"Manju", "मंजू"}, {"Sushila", "सुशीला", "Susheela", OLD},
	{"Kamla", "कमला", "Kamala", OLD}, {"Shanti", "शांति", NULL, OLD}, {"Parvati", "पार्वती", NULL, OLD}, {"Phoolmati", "फूलमती", "Phulmati", OLD}, {"Ramkali", "रामकली", NULL, OLD},
	{"Babita", "बबीता", "Babeeta"}, {"Nisha", "निशा", NULL, NEW}, {"Kajal", "काजल", NULL, NEW}, {"Anjali", "अंजलि", NULL, NEW}, {"Vandana", "वंदना"},
	{"Munni", "मुन्नी", NULL, OLD}, {"Sarita", "सरिता"}, {"Chanda", "चंदा"}, {"Shivani", "शिवानी", NULL, NEW}, {"Khushi", "खुशी", NULL, NEW}
};
static const Name hindi_surnames[] = {
	{"Sharma", "शर्मा"}, {"Yadav", "यादव"}, {"Gupta", "गुप्ता"}, {"Verma", "वर्मा", "Varma"}, {"Mishra", "मिश्रा", "Misra"},
	{"Singh", "सिंह", "Sinh"}, {"Prajapati", "प्रजापति"}, {"Maurya", "मौर्य"}, {"Pandey", "पांडेय", "Pande"}, {"Tiwari", "तिवारी", "Tiwary"},
	{"Chauhan", "चौहान", "Chouhan"}, {"Chaudhary", "चौधरी", "Choudhary"}, {"Kushwaha", "कुशवाहा"}, {"Jatav", "जाटव"}, {"Sahu", "साहू"},
	{"Rajput", "राजपूत"}, {"Patel", "पटेल"}, {"Meena", "मीणा", "Mina"}, {"Saini", "सैनी"}, {"Agrawal", "अग्रवाल", "Agarwal"},
	{"Dubey", "दुबे", "Dube"}, {"Shukla", "शुक्ला"}, {"Srivastava", "श्रीवास्तव", "Shrivastava"}, {"Paswan", "पासवान"}, {"Kumhar", "कुम्हार"},
	{"Nishad", "निषाद"}, {"Pal", "पाल"}, {"Rawat", "रावत"}, {"Jha", "झा"}, {"Thakur", "ठाकुर"},
	{"Jain", "जैन"}, {"Rathore", "राठौर", "Rathor"}, {"Joshi", "जोशी"}, {"Gurjar", "गुर्जर", "Gujjar"}, {"Sonkar", "सोनकर"}, {"Mahto", "महतो", "Mahato"}
};
static const Name hindi_mans[] = {{"Kumar", "कुमार"}, {"Singh", "सिंह"}, {"Lal", "लाल"}, {"Prasad", "प्रसाद"}, {"Chand", "चंद"}, {"Nath", "नाथ"}};
static const Name hindi_womans[] = {{"Devi", "देवी"}, {"Kumari", "कुमारी"}, {"Bai", "बाई"}};
static const Form hindi_men_forms[] = {{"G M S", 36}, {"G S", 34}, {"G M", 28}, {"G F S", 2}};
static const Form hindi_women_forms[] = {{"G M", 48}, {"G S", 40}, {"G M S", 12}};

/* ---- Marathi ---- */

static const Name marathi_men[] = {
	{"Sanjay", "संजय"}, {"Suresh", "सुरेश"}, {"Ganesh", "गणेश"}, {"Sachin", "सचिन", NULL, NEW}, {"Santosh", "संतोष"}, {"Prakash", "प्रकाश"},
	{"Dattatray", "दत्तात्रय", "Dattatraya", OLD}, {"Vilas", "विलास"}, {"Ashok", "अशोक"}, {"Balasaheb", "बाळासाहेब", NULL, OLD}, {"Pandurang", "पांडुरंग", NULL, OLD}, {"Nitin", "नितीन"},
	{"Anil", "अनिल"}, {"Sandip", "संदीप", "Sandeep"}, {"Amol", "अमोल", NULL, NEW}, {"Vishal", "विशाल", NULL, NEW}, {"Rajendra", "राजेंद्र"}, {"Dnyaneshwar", "ज्ञानेश्वर", "Gyaneshwar"},
	{"Shankar", "शंकर"}, {"Maruti", "मारुती", "Maruthi", OLD}, {"Baban", "बबन", NULL, OLD}, {"Tukaram", "तुकाराम", NULL, OLD}, {"Omkar", "ओंकार", "Onkar", NEW}, {"Rohan", "रोहन", NULL, NEW},
	{"Ganpat", "गणपत", NULL, OLD}, {"Yash", "यश", NULL, NEW}
};
static const Name marathi_women[] = {
	{"Sunita", "सुनीता"}, {"Manisha", "मनीषा"}, {"Vaishali", "वैशाली"}, {"Savita", "सविता"}, {"Surekha", "सुरेखा", NULL, OLD}, {"Sangita", "संगीता", "Sangeeta"},
	{"Kavita", "कविता"}, {"Ujwala", "उज्वला", "Ujjwala"}, {"Shobha", "शोभा"}, {"Mangal", "मंगल", NULL, OLD}, {"Ashwini", "अश्विनी", "Ashvini", NEW}, {"Swati", "स्वाती", "Swathi", NEW},
	{"Pallavi", "पल्लवी", NULL, NEW}, {"Jayashri", "जयश्री", "Jayshree"}, {"Rukmini", "रुक्मिणी", NULL, OLD}, {"Archana", "अर्चना"}, {"Sayali", "सायली", NULL, NEW}, {"Alka", "अलका"},
	{"Sushma", "सुषमा"}, {"Shital", "शीतल", "Sheetal", NEW}, {"Kalpana", "कल्पना"}, {"Vandana", "वंदना"}
};
static const Name marathi_surnames[] = {
	{"Patil", "पाटील"}, {"Jadhav", "जाधव"}, {"Shinde", "शिंदे"}, {"Pawar", "पवार"}, {"More", "मोरे"}, {"Kale", "काळे"},
	{"Gaikwad", "गायकवाड", "Gaikwar"}, {"Chavan", "चव्हाण", "Chavhan"}, {"Deshmukh", "देशमुख"}, {"Kamble", "कांबळे"}, {"Kulkarni", "कुलकर्णी"}, {"Joshi", "जोशी"},
	{"Bhosale", "भोसले", "Bhosle"}, {"Deshpande", "देशपांडे"}, {"Salunkhe", "साळुंखे", "Salunke"}, {"Mane", "माने"}, {"Wagh", "वाघ"}, {"Sawant", "सावंत"}
};
static const Name marathi_mans[] = {{"Rao", "राव"}};
static const Name marathi_womans[] = {{"Bai", "बाई"}, {"Tai", "ताई"}};
static const Form marathi_men_forms[] = {{"G F S", 72}, {"G S", 20}, {"S G F", 8}};
static const Form marathi_women_forms[] = {{"G F S", 70}, {"G S", 22}, {"S G F", 6}, {"B F S", 2}};

/* ---- Gujarati ---- */

static const Name gujarati_men[] = {
	{"Ramesh", "રમેશ"}, {"Mahesh", "મહેશ"}, {"Bharat", "ભરત"}, {"Jayesh", "જયેશ"}, {"Dinesh", "દિનેશ"}, {"Rajesh", "રાજેશ"},
	{"Vijay", "વિજય"}, {"Kanti", "કાંતિ", NULL, OLD}, {"Magan", "મગન", NULL, OLD}, {"Hasmukh", "હસમુખ", NULL, OLD}, {"Suresh", "સુરેશ"}, {"Ashok", "અશોક"},
	{"Jignesh", "જીગ્નેશ", NULL, NEW}, {"Hitesh", "હિતેશ"}, {"Mukesh", "મુકેશ"}, {"Nilesh", "નિલેશ"}, {"Paresh", "પરેશ"}, {"Chiman", "ચીમન", NULL, OLD},
	{"Vitthal", "વિઠ્ઠલ", "Vithal", OLD}, {"Prakash", "પ્રકાશ"}, {"Kalpesh", "કલ્પેશ", NULL, NEW}, {"Bhavesh", "ભાવેશ", NULL, NEW}, {"Natvar", "નટવર", "Natwar", OLD}, {"Chetan", "ચેતન", NULL, NEW},
	{"Jitendra", "જીતેન્દ્ર", "Jeetendra"}, {"Harsh", "હર્ષ", NULL, NEW}, {"Dhaval", "ધવલ", NULL, NEW}, {"Raman", "રમણ", NULL, OLD}, {"Shankar", "શંકર", NULL, OLD}, {"Pravin", "પ્રવીણ", "Praveen"}
};
static const Name gujarati_women[] = {
	{"Savita", "સવિતા", NULL, OLD}, {"Manjula", "મંજુલા", NULL, OLD}, {"Hansa", "હંસા", NULL, OLD}, {"Geeta", "ગીતા", "Gita"}, {"Kokila", "કોકિલા", NULL, OLD}, {"Jyotsna", "જ્યોત્સના", "Jyotsana"},
	{"Bhavna", "ભાવના", "Bhavana"}, {"Daksha", "દક્ષા"}, {"Ila", "ઈલા", "Ela"}, {"Nayana", "નયના", "Nayna"}, {"Ramila", "રમીલા"}, {"Kailas", "કૈલાસ", "Kailash"},
	{"Pushpa", "પુષ્પા"}, {"Hetal", "હેતલ", NULL, NEW}, {"Minal", "મીનલ", "Meenal"}, {"Sonal", "સોનલ"}, {"Rekha", "રેખા"}, {"Champa", "ચંપા", NULL, OLD},
	{"Sharda", "શારદા", "Sharada"}, {"Kinjal", "કિંજલ", NULL, NEW}, {"Bhumika", "ભૂમિકા", NULL, NEW}, {"Leela", "લીલા", "Lila", OLD}, {"Madhu", "મધુ", NULL, OLD}, {"Jasoda", "જશોદા", "Jashoda", OLD}
};
static const Name gujarati_surnames[] = {
	{"Patel", "પટેલ"}, {"Shah", "શાહ"}, {"Parmar", "પરમાર"}, {"Solanki", "સોલંકી"}, {"Thakor", "ઠાકોર"}, {"Chauhan", "ચૌહાણ"},
	{"Vaghela", "વાઘેલા"}, {"Desai", "દેસાઈ"}, {"Makwana", "મકવાણા", "Makvana"}, {"Rathod", "રાઠોડ"}, {"Prajapati", "પ્રજાપતિ"}, {"Joshi", "જોશી"},
	{"Mehta", "મહેતા"}, {"Trivedi", "ત્રિવેદી"}, {"Panchal", "પંચાલ"}, {"Chaudhari", "ચૌધરી", "Chaudhary"}, {"Barot", "બારોટ"}, {"Gohil", "ગોહિલ"},
	{"Zala", "ઝાલા", "Jhala"}, {"Vasava", "વસાવા"}, {"Bhatt", "ભટ્ટ"}, {"Modi", "મોદી"}
};
static const Name gujarati_mans[] = {{"Kumar", "કુમાર"}, {"Lal", "લાલ"}};
static const Name gujarati_womans[] = {{"Ba", "બા"}, {"Kumari", "કુમારી"}};
static const Form gujarati_men_forms[] = {{"B P S", 42}, {"G P S", 16}, {"S B P", 18}, {"G F S", 10}, {"G M S", 4}, {"G S", 10}};
static const Form gujarati_women_forms[] = {{"B P S", 50}, {"S B P", 18}, {"B F S", 8}, {"G P S", 10}, {"G S", 12}, {"G M S", 2}};

/* ---- Bengali ---- */

static const Name bengali_men[] = {
	{"Subrata", "সুব্রত"}, {"Tapan", "তপন"}, {"Sujit", "সুজিত"}, {"Sanjib", "সঞ্জীব", "Sanjeeb"}, {"Biswajit", "বিশ্বজিৎ", "Bishwajit"}, {"Prasanta", "প্রশান্ত"},
	{"Gopal", "গোপাল"}, {"Swapan", "স্বপন"}, {"Dilip", "দিলীপ"}, {"Kartik", "কার্তিক", "Kartick"}, {"Nirmal", "নির্মল"}, {"Arup", "অরূপ", "Aroop"},
	{"Bikash", "বিকাশ"}, {"Sukumar", "সুকুমার", NULL, OLD}, {"Abhijit", "অভিজিৎ", "Avijit"}, {"Ranjit", "রঞ্জিত"}, {"Sourav", "সৌরভ", "Saurav", NEW}, {"Anirban", "অনির্বাণ", NULL, NEW},
	{"Haradhan", "হারাধন", NULL, OLD}, {"Nitai", "নিতাই", NULL, OLD}, {"Pradip", "প্রদীপ", "Pradeep"}, {"Tarak", "তারক", NULL, OLD}, {"Sumit", "সুমিত", NULL, NEW}, {"Arindam", "অরিন্দম", NULL, NEW}
};
static const Name bengali_women[] = {
	{"Mita", "মিতা", "Meeta"}, {"Rina", "রীনা", "Reena"}, {"Kalpana", "কল্পনা"}, {"Purnima", "পূর্ণিমা"}, {"Soma", "সোমা"}, {"Sabita", "সবিতা"},
	{"Anima", "অনিমা", NULL, OLD}, {"Tapasi", "তাপসী", "Tapashi"}, {"Sumitra", "সুমিত্রা"}, {"Moumita", "মৌমিতা", NULL, NEW}, {"Rupa", "রূপা", "Roopa"}, {"Shampa", "শম্পা", "Sampa"},
	{"Lakshmi", "লক্ষ্মী", "Laxmi"}, {"Gouri", "গৌরী", "Gauri"}, {"Mala", "মালা"}, {"Swapna", "স্বপ্না"}, {"Dipali", "দীপালি", "Deepali"}, {"Payel", "পায়েল", "Payal", NEW},
	{"Tanushree", "তনুশ্রী", "Tanusree", NEW}, {"Arpita", "অর্পিতা", NULL, NEW}, {"Namita", "নমিতা", NULL, OLD}, {"Jharna", "ঝর্ণা", NULL, OLD}
};
static const Name bengali_surnames[] = {
	{"Das", "দাস"}, {"Mondal", "মণ্ডল", "Mandal"}, {"Ghosh", "ঘোষ", "Ghose"}, {"Roy", "রায়", "Ray"}, {"Sarkar", "সরকার", "Sircar"}, {"Pal", "পাল", "Paul"},
	{"Saha", "সাহা"}, {"Biswas", "বিশ্বাস"}, {"Dey", "দে", "De"}, {"Mukherjee", "মুখার্জী", "Mukherji"}, {"Banerjee", "ব্যানার্জী", "Banerji"}, {"Chatterjee", "চ্যাটার্জী", "Chatterji"},
	{"Dutta", "দত্ত", "Datta"}, {"Bose", "বসু", "Basu"}, {"Sen", "সেন"}, {"Majumdar", "মজুমদার", "Mazumder"}, {"Bera", "বেরা"}, {"Maity", "মাইতি", "Maiti"},
	{"Halder", "হালদার", "Haldar"}, {"Nandi", "নন্দী", "Nandy"}
};
static const Name bengali_mans[] = {{"Kumar", "কুমার"}, {"Chandra", "চন্দ্র"}, {"Nath", "নাথ"}, {"Kanti", "কান্তি"}};
static const Name bengali_womans[] = {{"Rani", "রানী"}, {"Bala", "বালা"}};
static const Form bengali_men_forms[] = {{"G S", 62}, {"G M S", 38}};
static const Form bengali_women_forms[] = {{"G S", 80}, {"G M S", 20}};

/* ---- Tamil: the father's name as an initial, few surnames ---- */

static const Name tamil_men[] = {
	{"Murugan", "முருகன்"}, {"Senthil", "செந்தில்"}, {"Kumar", "குமார்"}, {"Selvam", "செல்வம்"}, {"Rajendran", "ராஜேந்திரன்"}, {"Ramesh", "ரமேஷ்"},
	{"Mani", "மணி"}, {"Subramanian", "சுப்பிரமணியன்", "Subramaniam", OLD}, {"Karthik", "கார்த்திக்", "Karthick", NEW}, {"Arumugam", "ஆறுமுகம்", NULL, OLD}, {"Suresh", "சுரேஷ்"}, {"Palani", "பழனி", NULL, OLD},
	{"Manikandan", "மணிகண்டன்"}, {"Shanmugam", "சண்முகம்"}, {"Krishnan", "கிருஷ்ணன்"}, {"Saravanan", "சரவணன்"}, {"Ganesan", "கணேசன்"}, {"Balasubramanian", "பாலசுப்பிரமணியன்", NULL, OLD},
	{"Vignesh", "விக்னேஷ்", NULL, NEW}, {"Prakash", "பிரகாஷ்"}, {"Govindasamy", "கோவிந்தசாமி", "Govindaswamy", OLD}, {"Anbazhagan", "அன்பழகன்", "Anbalagan"}, {"Dhanasekar", "தனசேகர்", "Dhanasekaran"}, {"Velu", "வேலு", NULL, OLD},
	{"Raja", "ராஜா"}, {"Ezhumalai", "ஏழுமலை", "Elumalai", OLD}
};
static const Name tamil_women[] = {
	{"Lakshmi", "லட்சுமி", "Latchumi"}, {"Selvi", "செல்வி"}, {"Meenakshi", "மீனாட்சி"}, {"Kavitha", "கவிதா"}, {"Saraswathi", "சரஸ்வதி", "Saraswathy", OLD}, {"Vijayalakshmi", "விஜயலட்சுமி"},
	{"Kala", "கலா"}, {"Amudha", "அமுதா", "Amutha"}, {"Valli", "வள்ளி", NULL, OLD}, {"Priya", "பிரியா", NULL, NEW}, {"Rani", "ராணி"}, {"Revathi", "ரேவதி", "Revathy"},
	{"Parvathi", "பார்வதி", "Parvathy"}, {"Jeyanthi", "ஜெயந்தி", "Jayanthi"}, {"Shanthi", "சாந்தி", "Santhi"}, {"Mariammal", "மாரியம்மாள்", NULL, OLD}, {"Divya", "திவ்யா", "Dhivya", NEW}, {"Kaliammal", "காளியம்மாள்", NULL, OLD},
	{"Gomathi", "கோமதி", "Gomathy"}, {"Dhanalakshmi", "தனலட்சுமி"}, {"Poongodi", "பூங்கொடி", "Poonkodi"}, {"Nithya", "நித்யா", NULL, NEW}
};
static const Name tamil_surnames[] = {
	{"Pillai", "பிள்ளை"}, {"Nadar", "நாடார்"}, {"Mudaliar", "முதலியார்"}, {"Gounder", "கவுண்டர்"}, {"Thevar", "தேவர்"}, {"Iyer", "ஐயர்", "Aiyar"},
	{"Chettiar", "செட்டியார்"}, {"Naidu", "நாயுடு"}, {"Iyengar", "ஐயங்கார்"}, {"Konar", "கோனார்"}
};
static const Name tamil_mans[] = {{"Raj", "ராஜ்"}, {"Kumar", "குமார்"}};
static const Name tamil_womans[] = {{"Ammal", "அம்மாள்"}, {"Devi", "தேவி"}};
static const Form tamil_men_forms[] = {{"G f", 40}, {"f G", 26}, {"G F", 16}, {"s f G", 6}, {"G M f", 4}, {"G S", 8}};
static const Form tamil_women_forms[] = {{"G f", 42}, {"f G", 26}, {"G F", 22}, {"s f G", 5}, {"G M f", 5}};

/* ---- Telugu: the surname first, often as an initial ---- */

static const Name telugu_men[] = {
	{"Srinivas", "శ్రీనివాస్", "Sreenivas"}, {"Venkateswarlu", "వెంకటేశ్వర్లు", "Venkateshwarlu", OLD}, {"Ramesh", "రమేష్"}, {"Nageswara", "నాగేశ్వర"}, {"Satyanarayana", "సత్యనారాయణ", "Sathyanarayana"},
	{"Venkata", "వెంకట"}, {"Suresh", "సురేష్"}, {"Ravi", "రవి"}, {"Krishna", "కృష్ణ"}, {"Ramana", "రమణ"}, {"Prasad", "ప్రసాద్"}, {"Naresh", "నరేష్"},
	{"Anjaneyulu", "ఆంజనేయులు", NULL, OLD}, {"Mallesh", "మల్లేష్", "Mallesham"}, {"Narasimha", "నరసింహ"}, {"Rajesh", "రాజేష్"}, {"Subba", "సుబ్బా", NULL, OLD}, {"Mahesh", "మహేష్"},
	{"Kiran", "కిరణ్"}, {"Yadagiri", "యాదగిరి", NULL, OLD}, {"Sai", "సాయి", NULL, NEW}, {"Harish", "హరీష్", NULL, NEW}, {"Apparao", "అప్పారావు", NULL, OLD}, {"Chandrasekhar", "చంద్రశేఖర్", "Chandrashekar"}
};
static const Name telugu_women[] = {
	{"Lakshmi", "లక్ష్మి", "Laxmi"}, {"Padma", "పద్మ"}, {"Venkatamma", "వెంకటమ్మ", NULL, OLD}, {"Sujatha", "సుజాత", "Sujata"}, {"Saritha", "సరిత"}, {"Anuradha", "అనురాధ"},
	{"Swapna", "స్వప్న", NULL, NEW}, {"Kavitha", "కవిత"}, {"Parvathi", "పార్వతి"}, {"Nagamani", "నాగమణి"}, {"Sravani", "శ్రావణి", "Shravani", NEW}, {"Vijaya", "విజయ"},
	{"Rajeswari", "రాజేశ్వరి", "Rajeshwari"}, {"Mallamma", "మల్లమ్మ", NULL, OLD}, {"Aruna", "అరుణ"}, {"Bhavani", "భవాని"}, {"Sunitha", "సునీత"}, {"Ramadevi", "రమాదేవి"},
	{"Divya", "దివ్య", NULL, NEW}, {"Manga", "మంగ", NULL, OLD}, {"Sandhya", "సంధ్య"}, {"Yellamma", "ఎల్లమ్మ", NULL, OLD}
};
static const Name telugu_surnames[] = {
	{"Reddy", "రెడ్డి", "Reddi"}, {"Kandula", "కందుల"}, {"Bandi", "బండి"}, {"Gudipati", "గుడిపాటి"}, {"Chowdary", "చౌదరి", "Chowdhary"}, {"Nalla", "నల్ల"},
	{"Pothula", "పోతుల"}, {"Yerra", "ఎర్ర", "Erra"}, {"Kolli", "కొల్లి"}, {"Gorla", "గొర్ల"}, {"Mekala", "మేకల"}, {"Thota", "తోట", "Tota"},
	{"Pasupuleti", "పసుపులేటి"}, {"Vemula", "వేముల"}, {"Kota", "కోట"}, {"Bommidi", "బొమ్మిడి"}, {"Dasari", "దాసరి"}, {"Gaddam", "గడ్డం"}
};
static const Name telugu_mans[] = {{"Rao", "రావు"}, {"Kumar", "కుమార్"}, {"Babu", "బాబు"}, {"Reddy", "రెడ్డి"}, {"Raju", "రాజు"}};
static const Name telugu_womans[] = {{"Devi", "దేవి"}, {"Kumari", "కుమారి"}, {"Rani", "రాణి"}};
static const Form telugu_men_forms[] = {{"S G M", 32}, {"S G", 26}, {"s G M", 18}, {"G M", 12}, {"G S", 12}};
static const Form telugu_women_forms[] = {{"S G", 44}, {"s G", 18}, {"S G M", 16}, {"G M", 8}, {"G S", 14}};

/* ---- Kannada ---- */

static const Name kannada_men[] = {
	{"Manjunath", "ಮಂಜುನಾಥ", "Manjunatha"}, {"Ramesh", "ರಮೇಶ್"}, {"Basavaraj", "ಬಸವರಾಜ", "Basavaraja"}, {"Shivakumar", "ಶಿವಕುಮಾರ್", "Shivkumar"}, {"Nagaraj", "ನಾಗರಾಜ", "Nagaraja"}, {"Mallikarjun", "ಮಲ್ಲಿಕಾರ್ಜುನ", "Mallikarjuna"},
	{"Suresh", "ಸುರೇಶ್"}, {"Kumar", "ಕುಮಾರ್"}, {"Prakash", "ಪ್ರಕಾಶ್"}, {"Chandrashekar", "ಚಂದ್ರಶೇಖರ್", "Chandrashekhar"}, {"Ravi", "ರವಿ"}, {"Mahesh", "ಮಹೇಶ್"},
	{"Siddappa", "ಸಿದ್ದಪ್ಪ", "Siddhappa", OLD}, {"Venkatesh", "ವೆಂಕಟೇಶ್"}, {"Lokesh", "ಲೋಕೇಶ್"}, {"Hanumantha", "ಹನುಮಂತ", "Hanumanth"}, {"Santosh", "ಸಂತೋಷ್", "Santhosh"}, {"Krishnappa", "ಕೃಷ್ಣಪ್ಪ", NULL, OLD},
	{"Puttaswamy", "ಪುಟ್ಟಸ್ವಾಮಿ", "Puttaswami", OLD}, {"Darshan", "ದರ್ಶನ್", NULL, NEW}, {"Rangaswamy", "ರಂಗಸ್ವಾಮಿ", NULL, OLD}, {"Anand", "ಆನಂದ್"}
};
static const Name kannada_women[] = {
	{"Lakshmi", "ಲಕ್ಷ್ಮಿ", "Laxmi"}, {"Manjula", "ಮಂಜುಳಾ"}, {"Savitha", "ಸವಿತಾ", "Savita"}, {"Gowramma", "ಗೌರಮ್ಮ", NULL, OLD}, {"Jayamma", "ಜಯಮ್ಮ", NULL, OLD}, {"Asha", "ಆಶಾ"},
	{"Roopa", "ರೂಪಾ", "Rupa"}, {"Shobha", "ಶೋಭಾ"}, {"Sharadamma", "ಶಾರದಮ್ಮ", NULL, OLD}, {"Pushpa", "ಪುಷ್ಪಾ"}, {"Mahadevi", "ಮಹಾದೇವಿ"}, {"Geetha", "ಗೀತಾ", "Geeta"},
	{"Nagaveni", "ನಾಗವೇಣಿ"}, {"Kavya", "ಕಾವ್ಯ", NULL, NEW}, {"Bhagya", "ಭಾಗ್ಯ"}, {"Suma", "ಸುಮಾ"}, {"Rathnamma", "ರತ್ನಮ್ಮ", "Ratnamma", OLD}, {"Vani", "ವಾಣಿ"},
	{"Shantha", "ಶಾಂತಾ", "Shanta"}, {"Chaitra", "ಚೈತ್ರಾ", NULL, NEW}, {"Yashoda", "ಯಶೋದಾ", NULL, OLD}, {"Netravathi", "ನೇತ್ರಾವತಿ", "Nethravathi"}
};
static const Name kannada_surnames[] = {
	{"Gowda", "ಗೌಡ"}, {"Patil", "ಪಾಟೀಲ"}, {"Shetty", "ಶೆಟ್ಟಿ", "Setty"}, {"Hegde", "ಹೆಗಡೆ", "Hegade"}, {"Naik", "ನಾಯ್ಕ", "Nayak"}, {"Bhat", "ಭಟ್"},
	{"Kulkarni", "ಕುಲಕರ್ಣಿ"}, {"Hiremath", "ಹಿರೇಮಠ"}, {"Rao", "ರಾವ್"}, {"Poojary", "ಪೂಜಾರಿ", "Pujari"}, {"Badiger", "ಬಡಿಗೇರ"}, {"Kamath", "ಕಾಮತ್"},
	{"Madiwalar", "ಮಡಿವಾಳರ"}, {"Talwar", "ತಳವಾರ", "Talawar"}
};
static const Name kannada_mans[] = {{"Kumar", "ಕುಮಾರ್"}, {"Swamy", "ಸ್ವಾಮಿ"}};
static const Name kannada_womans[] = {{"Bai", "ಬಾಯಿ"}, {"Devi", "ದೇವಿ"}};
static const Form kannada_men_forms[] = {{"G f", 32}, {"G S", 32}, {"f G", 10}, {"G F S", 10}, {"G f S", 8}, {"G M f", 8}};
static const Form kannada_women_forms[] = {{"G f", 34}, {"G S", 30}, {"G F", 16}, {"f G", 10}, {"G F S", 10}};

/* ---- Malayali ---- */

static const Name malayali_men[] = {
	{"Rajesh", "രാജേഷ്"}, {"Suresh", "സുരേഷ്"}, {"Biju", "ബിജു"}, {"Anil", "അനിൽ"}, {"Sasi", "ശശി", "Shashi"}, {"Rajan", "രാജൻ"},
	{"Vinod", "വിനോദ്"}, {"Krishnan", "കൃഷ്ണൻ", NULL, OLD}, {"Pradeep", "പ്രദീപ്"}, {"Unnikrishnan", "ഉണ്ണികൃഷ്ണൻ"}, {"Santhosh", "സന്തോഷ്", "Santosh"}, {"Gopalakrishnan", "ഗോപാലകൃഷ്ണൻ", NULL, OLD},
	{"Manoj", "മനോജ്"}, {"Sreekumar", "ശ്രീകുമാർ", "Srikumar"}, {"Ravi", "രവി"}, {"Narayanan", "നാരായണൻ", NULL, OLD}, {"Ajith", "അജിത്", NULL, NEW}, {"Raghavan", "രാഘവൻ", NULL, OLD},
	{"Vishnu", "വിഷ്ണു", NULL, NEW}, {"Mohanan", "മോഹനൻ"}, {"Sudheesh", "സുധീഷ്", "Sudhish", NEW}, {"Babu", "ബാബു"}
};
static const Name malayali_women[] = {
	{"Sreedevi", "ശ്രീദേവി", "Sridevi"}, {"Lekha", "ലേഖ"}, {"Sindhu", "സിന്ധു"}, {"Bindu", "ബിന്ദു"}, {"Ambika", "അംബിക"}, {"Shobhana", "ശോഭന", "Sobhana"},
	{"Radha", "രാധ"}, {"Omana", "ഓമന", NULL, OLD}, {"Santha", "ശാന്ത"}, {"Leela", "ലീല", NULL, OLD}, {"Remya", "രമ്യ", "Ramya", NEW}, {"Rema", "രമ", "Rama"},
	{"Sarojini", "സരോജിനി", NULL, OLD}, {"Jayasree", "ജയശ്രീ", "Jayasri"}, {"Thankamani", "തങ്കമണി", NULL, OLD}, {"Athira", "ആതിര", NULL, NEW}, {"Devaki", "ദേവകി", NULL, OLD}, {"Aswathy", "അശ്വതി", "Aswathi", NEW},
	{"Usha", "ഉഷ"}, {"Girija", "ഗിരിജ"}
};
static const Name malayali_surnames[] = {
	{"Nair", "നായർ"}, {"Pillai", "പിള്ള"}, {"Menon", "മേനോൻ"}, {"Kurup", "കുറുപ്പ്", "Kuruppu"}, {"Nambiar", "നമ്പ്യാർ"}, {"Panicker", "പണിക്കർ", "Panikkar"},
	{"Warrier", "വാര്യർ", "Variyar"}, {"Namboothiri", "നമ്പൂതിരി", "Namboodiri"}, {"Thampi", "തമ്പി"}, {"Ezhuthachan", "എഴുത്തച്ഛൻ"}, {"Marar", "മാരാർ"}, {"Achary", "ആചാരി", "Achari"}
};
static const Name malayali_mans[] = {{"Kumar", "കുമാർ"}, {"Chandran", "ചന്ദ്രൻ"}, {"Das", "ദാസ്"}};
static const Name malayali_womans[] = {{"Amma", "അമ്മ"}, {"Devi", "ദേവി"}, {"Kumari", "കുമാരി"}};
static const Form malayali_men_forms[] = {{"G f", 36}, {"G s f", 18}, {"G S", 20}, {"G M f", 10}, {"f G", 10}, {"G M S", 6}};
static const Form malayali_women_forms[] = {{"G f", 40}, {"G s f", 16}, {"G M", 12}, {"G S", 12}, {"G F", 14}, {"G M f", 6}};

/* ---- Sikhs ---- */

static const Name sikh_men[] = {
	{"Gurpreet", "ਗੁਰਪ੍ਰੀਤ", NULL, NEW}, {"Harpreet", "ਹਰਪ੍ਰੀਤ"}, {"Jaswinder", "ਜਸਵਿੰਦਰ", "Jasvinder"}, {"Balwinder", "ਬਲਵਿੰਦਰ", "Balvinder"}, {"Sukhwinder", "ਸੁਖਵਿੰਦਰ", "Sukhvinder"}, {"Manjit", "ਮਨਜੀਤ", "Manjeet"},
	{"Kulwinder", "ਕੁਲਵਿੰਦਰ", "Kulvinder"}, {"Amarjit", "ਅਮਰਜੀਤ", "Amarjeet"}, {"Gurmeet", "ਗੁਰਮੀਤ", "Gurmit"}, {"Paramjit", "ਪਰਮਜੀਤ", "Paramjeet"}, {"Harjinder", "ਹਰਜਿੰਦਰ"}, {"Jagtar", "ਜਗਤਾਰ"},
	{"Ranjit", "ਰਣਜੀਤ", "Ranjeet"}, {"Surjit", "ਸੁਰਜੀਤ", "Surjeet"}, {"Lakhwinder", "ਲਖਵਿੰਦਰ", "Lakhvinder"}, {"Mohan", "ਮੋਹਨ", NULL, OLD}, {"Arshdeep", "ਅਰਸ਼ਦੀਪ", NULL, NEW}, {"Darshan", "ਦਰਸ਼ਨ", NULL, OLD},
	{"Baldev", "ਬਲਦੇਵ", NULL, OLD}, {"Nirmal", "ਨਿਰਮਲ"}, {"Jaspreet", "ਜਸਪ੍ਰੀਤ", NULL, NEW}, {"Karnail", "ਕਰਨੈਲ", NULL, OLD}
};
static const Name sikh_women[] = {
	{"Manpreet", "ਮਨਪ੍ਰੀਤ"}, {"Rajwinder", "ਰਾਜਵਿੰਦਰ", "Rajvinder"}, {"Simranjit", "ਸਿਮਰਨਜੀਤ", "Simranjeet"}, {"Sarabjit", "ਸਰਬਜੀਤ", "Sarabjeet"}, {"Baljit", "ਬਲਜੀਤ", "Baljeet"}, {"Charanjit", "ਚਰਨਜੀਤ", "Charanjeet"},
	{"Ramandeep", "ਰਮਨਦੀਪ", NULL, NEW}, {"Harbans", "ਹਰਬੰਸ", NULL, OLD}, {"Navdeep", "ਨਵਦੀਪ", NULL, NEW}, {"Kiranjit", "ਕਿਰਨਜੀਤ", "Kiranjeet"}, {"Gurdeep", "ਗੁਰਦੀਪ"}, {"Satwant", "ਸਤਵੰਤ", "Satvant", OLD},
	{"Jasbir", "ਜਸਬੀਰ", "Jasveer"}, {"Amandeep", "ਅਮਨਦੀਪ", NULL, NEW}, {"Surinder", "ਸੁਰਿੰਦਰ"}, {"Veerpal", "ਵੀਰਪਾਲ", "Virpal"}, {"Karamjit", "ਕਰਮਜੀਤ", "Karamjeet"}, {"Sukhpreet", "ਸੁਖਪ੍ਰੀਤ", NULL, NEW}
};
static const Name sikh_surnames[] = {
	{"Sidhu", "ਸਿੱਧੂ", "Sidhoo"}, {"Gill", "ਗਿੱਲ"}, {"Sandhu", "ਸੰਧੂ"}, {"Dhillon", "ਢਿੱਲੋਂ", "Dhillion"}, {"Grewal", "ਗਰੇਵਾਲ"}, {"Brar", "ਬਰਾੜ"},
	{"Saini", "ਸੈਣੀ"}, {"Sekhon", "ਸੇਖੋਂ"}, {"Bajwa", "ਬਾਜਵਾ"}, {"Dhaliwal", "ਧਾਲੀਵਾਲ"}, {"Virk", "ਵਿਰਕ"}, {"Sohal", "ਸੋਹਲ"}, {"Ahluwalia", "ਆਹਲੂਵਾਲੀਆ", "Ahluvalia"}
};
static const Name sikh_mans[] = {{"Singh", "ਸਿੰਘ"}};
static const Name sikh_womans[] = {{"Kaur", "ਕੌਰ"}};
static const Form sikh_men_forms[] = {{"G M", 72}, {"G M S", 24}, {"G S", 4}};
static const Form sikh_women_forms[] = {{"G M", 80}, {"G M S", 18}, {"G S", 2}};

/* ---- Odia ---- */

static const Name odia_men[] = {
	{"Prakash", "ପ୍ରକାଶ"}, {"Sanjay", "ସଞ୍ଜୟ", "Sanjaya"}, {"Santosh", "ସନ୍ତୋଷ"}, {"Ramesh", "ରମେଶ"}, {"Pradeep", "ପ୍ରଦୀପ", "Pradip"}, {"Manas", "ମାନସ"},
	{"Bijay", "ବିଜୟ", "Bijaya"}, {"Susanta", "ସୁଶାନ୍ତ", "Sushanta"}, {"Jagannath", "ଜଗନ୍ନାଥ"}, {"Akshaya", "ଅକ୍ଷୟ", "Akhaya"}, {"Niranjan", "ନିରଞ୍ଜନ"}, {"Dillip", "ଦିଲ୍ଲୀପ", "Dilip"},
	{"Rabindra", "ରବୀନ୍ଦ୍ର"}, {"Basanta", "ବସନ୍ତ"}, {"Trinath", "ତ୍ରିନାଥ", NULL, OLD}, {"Bhagaban", "ଭଗବାନ", NULL, OLD}, {"Debasis", "ଦେବାଶିଷ", "Debashish", NEW}, {"Gobinda", "ଗୋବିନ୍ଦ"},
	{"Sudarsan", "ସୁଦର୍ଶନ", "Sudarshan"}, {"Kishore", "କିଶୋର", "Kishor"}
};
static const Name odia_women[] = {
	{"Sabita", "ସବିତା"}, {"Kuni", "କୁନି", NULL, OLD}, {"Sasmita", "ସସ୍ମିତା", NULL, NEW}, {"Mamata", "ମମତା"}, {"Minati", "ମିନତି"}, {"Pramila", "ପ୍ରମିଳା"},
	{"Laxmi", "ଲକ୍ଷ୍ମୀ", "Lakshmi"}, {"Sanjukta", "ସଂଯୁକ୍ତା"}, {"Subhadra", "ସୁଭଦ୍ରା", NULL, OLD}, {"Puspalata", "ପୁଷ୍ପଲତା", "Pushpalata"}, {"Jyotsna", "ଜ୍ୟୋତ୍ସ୍ନା", "Jyotshna"}, {"Sarojini", "ସରୋଜିନୀ"},
	{"Itishree", "ଇତିଶ୍ରୀ", "Itishri", NEW}, {"Rashmita", "ରଶ୍ମିତା", "Rasmita", NEW}, {"Basanti", "ବାସନ୍ତୀ"}, {"Anita", "ଅନିତା"}, {"Gitanjali", "ଗୀତାଞ୍ଜଳି", "Geetanjali"}, {"Nirupama", "ନିରୁପମା"}
};
static const Name odia_surnames[] = {
	{"Sahoo", "ସାହୁ", "Sahu"}, {"Nayak", "ନାୟକ", "Naik"}, {"Behera", "ବେହେରା"}, {"Das", "ଦାସ", "Dash"}, {"Pradhan", "ପ୍ରଧାନ"}, {"Swain", "ସ୍ୱାଇଁ"},
	{"Mohanty", "ମହାନ୍ତି"}, {"Patra", "ପାତ୍ର"}, {"Jena", "ଜେନା"}, {"Rout", "ରାଉତ", "Raut"}, {"Panda", "ପଣ୍ଡା"}, {"Mishra", "ମିଶ୍ର", "Misra"},
	{"Barik", "ବାରିକ"}, {"Majhi", "ମାଝି"}, {"Mallick", "ମଲ୍ଲିକ", "Mallik"}, {"Parida", "ପରିଡ଼ା"}
};
static const Name odia_mans[] = {{"Kumar", "କୁମାର"}, {"Chandra", "ଚନ୍ଦ୍ର"}, {"Ranjan", "ରଞ୍ଜନ"}};
static const Name odia_womans[] = {{"Kumari", "କୁମାରୀ"}, {"Rani", "ରାଣୀ"}, {"Dei", "ଦେଈ"}};
static const Form odia_men_forms[] = {{"G M S", 46}, {"G S", 54}};
static const Form odia_women_forms[] = {{"G S", 82}, {"G M S", 12}, {"G M", 6}};

/* ---- Muslims of the north, in Devanagari: few clerks had an Urdu keyboard ---- */

static const Name muslim_men[] = {
	{"Imran", "इमरान"}, {"Salim", "सलीम", "Saleem"}, {"Irfan", "इरफान"}, {"Aslam", "असलम"}, {"Javed", "जावेद", "Jawed"}, {"Arif", "आरिफ", "Aarif"},
	{"Rashid", "राशिद", "Rasheed"}, {"Shahid", "शाहिद"}, {"Nasir", "नासिर", "Naseer"}, {"Akram", "अकरम"}, {"Asif", "आसिफ", "Aasif"}, {"Yusuf", "यूसुफ", "Yousuf"},
	{"Iqbal", "इकबाल", "Ikbal"}, {"Wasim", "वसीम", "Waseem"}, {"Ibrahim", "इब्राहिम", "Ebrahim"}, {"Mustafa", "मुस्तफा", "Mustufa"}, {"Faizan", "फैजान", NULL, NEW}, {"Rahim", "रहीम", "Raheem"},
	{"Habib", "हबीब", "Habeeb", OLD}, {"Zubair", "जुबैर", "Jubair", NEW}, {"Sameer", "समीर", "Samir", NEW}, {"Anwar", "अनवर", "Anwer"}, {"Ismail", "इस्माइल", "Esmail"}, {"Tariq", "तारिक", "Tarique"},
	{"Gulam", "गुलाम", "Ghulam", OLD}, {"Sarfaraz", "सरफराज", "Sarfraz"}
};
static const Name muslim_women[] = {
	{"Shabana", "शबाना"}, {"Rukhsana", "रुखसाना", "Ruksana"}, {"Nasreen", "नसरीन", "Nasrin"}, {"Fatima", "फातिमा", "Fathima"}, {"Shabnam", "शबनम"}, {"Salma", "सलमा"},
	{"Parveen", "परवीन", "Parvin"}, {"Razia", "रजिया", "Raziya"}, {"Yasmeen", "यास्मीन", "Yasmin"}, {"Noorjahan", "नूरजहां", "Nurjahan", OLD}, {"Zarina", "जरीना", "Zareena"}, {"Afsana", "अफसाना"},
	{"Hasina", "हसीना", "Haseena", OLD}, {"Ayesha", "आयशा", "Aisha"}, {"Rehana", "रेहाना", "Raihana"}, {"Sultana", "सुल्ताना"}, {"Mumtaz", "मुमताज"}, {"Farzana", "फरजाना"},
	{"Saira", "सायरा"}, {"Kausar", "कौसर", "Kaushar"}, {"Sana", "सना", NULL, NEW}, {"Zainab", "जैनब", NULL, NEW}
};
static const Name muslim_surnames[] = {
	{"Khan", "खान"}, {"Ansari", "अंसारी"}, {"Shaikh", "शेख", "Sheikh"}, {"Ahmad", "अहमद", "Ahmed"}, {"Ali", "अली"}, {"Siddiqui", "सिद्दीकी", "Siddiqi"},
	{"Qureshi", "कुरैशी", "Kureshi"}, {"Pathan", "पठान"}, {"Hussain", "हुसैन", "Husain"}, {"Mansuri", "मंसूरी", "Mansoori"}, {"Saifi", "सैफी"}, {"Alam", "आलम"},
	{"Idrisi", "इदरीसी", "Idrishi"}, {"Malik", "मलिक", "Mallik"}, {"Syed", "सैयद", "Sayyed"}, {"Mirza", "मिर्जा"}
};
static const Name muslim_mans[] = {{"Mohd", "मोहम्मद", "Mohammad"}, {"Mohammed", "मोहम्मद", "Mohammad"}, {"Md", "मो", "Mohammad"}, {"Abdul", "अब्दुल"}, {"Shaikh", "शेख", "Sheikh"}};
static const Name muslim_womans[] = {{"Begum", "बेगम"}, {"Bano", "बानो"}, {"Khatoon", "खातून", "Khatun"}, {"Bi", "बी"}, {"Khatun", "खातून", "Khatoon"}};
static const Form muslim_men_forms[] = {{"M G", 34}, {"G S", 38}, {"M G S", 22}, {"S G F", 6}};
static const Form muslim_women_forms[] = {{"G M", 44}, {"G", 14}, {"G S", 30}, {"S G F", 6}, {"G M S", 6}};

/* ---- Christians of Kerala and Goa ---- */

static const Name christian_men[] = {
	{"Thomas", "തോമസ്"}, {"Joseph", "ജോസഫ്"}, {"George", "ജോർജ്"}, {"John", "ജോൺ"}, {"Varghese", "വർഗീസ്", "Varughese"}, {"Mathew", "മാത്യു", "Mathews"},
	{"Jose", "ജോസ്"}, {"Paul", "പോൾ"}, {"Antony", "ആന്റണി", "Anthony"}, {"Jacob", "ജേക്കബ്"}, {"Shaji", "ഷാജി"}, {"Sebastian", "സെബാസ്റ്റ്യൻ"},
	{"Francis", "ഫ്രാൻസിസ്"}, {"Abraham", "എബ്രഹാം"}, {"Philip", "ഫിലിപ്പ്", "Phillip"}, {"Joy", "ജോയ്"}, {"Xavier", "സേവ്യർ"}, {"Jibin", "ജിബിൻ", NULL, NEW},
	{"Benny", "ബെന്നി"}, {"Tony", "ടോണി", NULL, NEW}
};
static const Name christian_women[] = {
	{"Mary", "മേരി"}, {"Annamma", "അന്നമ്മ", NULL, OLD}, {"Mariamma", "മറിയാമ്മ", NULL, OLD}, {"Elizabeth", "എലിസബത്ത്"}, {"Rosamma", "റോസമ്മ", NULL, OLD}, {"Aleyamma", "ഏലിയാമ്മ", "Eliyamma", OLD},
	{"Susan", "സൂസൻ"}, {"Lissy", "ലിസി", "Lissie"}, {"Jessy", "ജെസ്സി", "Jessie"}, {"Sheeba", "ഷീബ"}, {"Anu", "അനു", NULL, NEW}, {"Tresa", "ത്രേസ്യ", "Theresa"},
	{"Sosamma", "ശോശാമ്മ", NULL, OLD}, {"Merin", "മെറിൻ", NULL, NEW}, {"Gracy", "ഗ്രേസി", "Gracie"}, {"Philomina", "ഫിലോമിന", "Philomena"}, {"Reena", "റീന", "Rina"}, {"Jincy", "ജിൻസി", NULL, NEW}
};
static const Name christian_surnames[] = {
	{"D'Souza", "ഡിസൂസ", "Dsouza"}, {"Fernandes", "ഫെർണാണ്ടസ്", "Fernandez"}, {"Kurian", "കുര്യൻ"}, {"Chacko", "ചാക്കോ"}, {"Cherian", "ചെറിയാൻ"}, {"Rodrigues", "റോഡ്രിഗസ്"},
	{"Kuriakose", "കുര്യാക്കോസ്"}, {"Pereira", "പെരേര"}, {"Ninan", "നൈനാൻ"}, {"Lobo", "ലോബോ"}, {"Oommen", "ഉമ്മൻ", "Ommen"}, {"D'Silva", "ഡിസിൽവ", "Dsilva"}
};
static const Name christian_mans[] = {{"Kutty", "കുട്ടി"}};
static const Name christian_womans[] = {{"Kutty", "കുട്ടി"}};
static const Form christian_men_forms[] = {{"G F", 48}, {"G S", 30}, {"G f S", 4}, {"G f", 10}, {"G M F", 4}, {"s F G", 4}};
static const Form christian_women_forms[] = {{"G F", 52}, {"G S", 30}, {"G f", 12}, {"G M F", 6}};

/* ---- all of them ---- */

#define NAMES_OF(people) \
	{LIST(people##_men), LIST(people##_women), LIST(people##_surnames), LIST(people##_mans), LIST(people##_womans)}
#define FORMS_OF(people)	{people##_men_forms, people##_women_forms}

const Community communities[COMMUNITIES] = {
	{310, NAMES_OF(hindi), {{"ji", "जी"}, {"ji", "जी"}}, {"श्री", "श्रीमती"}, FORMS_OF(hindi)},
	{85, NAMES_OF(marathi), {{"rao", "राव"}, {"bai", "बाई"}}, {"श्री", "श्रीमती"}, FORMS_OF(marathi)},
	{75, NAMES_OF(gujarati), {{"bhai", "ભાઈ"}, {"ben", "બેન"}}, {"શ્રી", "શ્રીમતી"}, FORMS_OF(gujarati)},
	{70, NAMES_OF(bengali), {{"", ""}, {"", ""}}, {"শ্রী", "শ্রীমতী"}, FORMS_OF(bengali)},
	{75, NAMES_OF(tamil), {{"", ""}, {"", ""}}, {"திரு", "திருமதி"}, FORMS_OF(tamil)},
	{80, NAMES_OF(telugu), {{"", ""}, {"", ""}}, {"శ్రీ", "శ్రీమతి"}, FORMS_OF(telugu)},
	{55, NAMES_OF(kannada), {{"", ""}, {"", ""}}, {"ಶ್ರೀ", "ಶ್ರೀಮತಿ"}, FORMS_OF(kannada)},
	{25, NAMES_OF(malayali), {{"", ""}, {"", ""}}, {"ശ്രീ", "ശ്രീമതി"}, FORMS_OF(malayali)},
	{25, NAMES_OF(sikh), {{"", ""}, {"", ""}}, {"ਸ਼੍ਰੀ", "ਸ਼੍ਰੀਮਤੀ"}, FORMS_OF(sikh)},
	{35, NAMES_OF(odia), {{"", ""}, {"", ""}}, {"ଶ୍ରୀ", "ଶ୍ରୀମତୀ"}, FORMS_OF(odia)},
	{140, NAMES_OF(muslim), {{"", ""}, {"", ""}}, {"जनाब", "मोहतरमा"}, FORMS_OF(muslim)},
	{25, NAMES_OF(christian), {{"", ""}, {"", ""}}, {"ശ്രീ", "ശ്രീമതി"}, FORMS_OF(christian)}
};
